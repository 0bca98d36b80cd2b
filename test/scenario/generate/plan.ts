import { coveredBy } from "./covered.ts";
import { Around, type Draft, KINDS } from "./fault-kinds.ts";
import type { Fault, Work } from "./fault.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

export interface Plan {
  faults: number;
  /** One after the other, several at a time, or several at a time and close in the graph. */
  together: "apart" | "overlap" | "near";
  /** Only these kinds. */
  kinds?: readonly string[];
  works: number;
}

/** Minutes before the first fault: the stream begins with an ordinary day. */
const CALM_S = 1500;

/** Which faults happen when, and when all is over. */
export function planFaults(world: World, plan: Plan, random: Random): { faults: Fault[]; endS: number } {
  const around = new Around(world);
  const faults: Fault[] = [];
  let at = CALM_S + random.between(0, 600);
  let last: Draft | null = null;
  const used = new Set<number>();
  for (let tries = 0; faults.length < plan.faults && tries < 400; tries += 1) {
    const draft = throwOne(around, plan, random);
    if (draft === null || (draft.root !== null && used.has(draft.root))) continue;
    const isSecond = faults.length % 2 === 1;
    if (plan.together === "near" && isSecond && tries < 300 && last !== null && !isNear(around, last, draft)) continue;
    if (draft.root !== null) used.add(draft.root);
    const lasts = timesOf(draft, at, { random, faults });
    last = draft;
    if (plan.together === "apart") at += lasts + random.between(900, 2400);
    else at += isSecond ? lasts + random.between(1200, 2400) : random.between(20, 420);
  }
  const endS = Math.max(at, ...faults.map(({ end }) => end)) + 4500;
  return { faults, endS };
}

function throwOne(around: Around, plan: Plan, random: Random): Draft | null {
  const kinds = KINDS.filter(({ name }) => plan.kinds === undefined || plan.kinds.includes(name));
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
  let luck = random.next() * total;
  for (const kind of kinds) {
    luck -= kind.weight;
    if (luck <= 0) return kind.draft(around, random);
  }
  return null;
}

/** Within two steps of each other, in whatever direction. */
function isNear(around: Around, one: Draft, other: Draft): boolean {
  if (one.root === null || other.root === null) return false;
  const step = (ci: number): number[] => [...around.needs(ci), ...around.neededBy(ci)];
  const first = step(one.root);
  return first.includes(other.root) || first.some((ci) => step(ci).includes(other.root ?? -1));
}

/** Puts the draft into time, once or several times; gives how long all of it lasts. */
function timesOf(draft: Draft, at: number, { random, faults }: { random: Random; faults: Fault[] }): number {
  const times = draft.times ?? 1;
  const recurrence = times > 1 ? `r${faults.length + 1}` : null;
  let start = at;
  for (let turn = 0; turn < times; turn += 1) {
    const end = start + random.between(...draft.minutes) * 60;
    faults.push({
      id: `f${faults.length + 1}`,
      kind: draft.kind,
      root: draft.root,
      acceptable: draft.root === null ? [] : [draft.root, ...draft.also],
      impairments: draft.impairments.map((one) => ({ ...one, from: start, to: end })),
      start,
      end,
      gradual: draft.gradual ?? false,
      intermittent: draft.intermittent ?? false,
      recurrence,
      changeAt: draft.changeOn === undefined ? null : start - random.between(20, 400),
      changeOn: draft.changeOn ?? null,
    });
    if (turn + 1 < times) start = end + random.between(600, 1500);
    else return end - at;
  }
  return 0;
}

/**
 * Planned work on machines here and there; some of it takes longer than planned. Never on what a fault breaks meanwhile:
 * nobody is woken for what a window covers, so that such a fault is none that anyone can tell.
 */
export function planWork(
  world: World,
  count: number,
  { random, endS, faults }: { random: Random; endS: number; faults: readonly Fault[] },
): Work[] {
  const around = new Around(world);
  const works: Work[] = [];
  const broken = faults.map(({ impairments }) =>
    coveredBy(
      world,
      impairments.map(({ ci }) => ci),
    ),
  );
  for (let tries = 0; works.length < count && tries < 100; tries += 1) {
    const ci = around.one(random, ["vm", "host", "switch", "hypervisor", "database"], 1);
    if (ci === null) break;
    const from = random.between(600, Math.max(700, endS - 5400));
    const to = from + random.between(1500, 4000);
    const covered = coveredBy(world, [ci]);
    const isBroken = faults.some(
      (fault, index) => fault.start < to && fault.end > from && [...covered].some((one) => broken[index]?.has(one)),
    );
    if (isBroken) continue;
    const start = from + random.between(30, 400);
    const end = random.chance(0.2)
      ? to + random.between(200, 900)
      : Math.min(to - 60, start + random.between(300, 2400));
    works.push({
      id: `mw-${works.length + 1}`,
      cis: [ci],
      from,
      to,
      includeDependents: true,
      impairments: [{ ci, aspect: "dead", level: 1, rampS: 0, from: start, to: end }],
    });
  }
  return works;
}
