import { CHECKS, type CheckKind } from "./checks.ts";
import type { Aspect } from "./fault.ts";
import type { Random } from "./random.ts";
import { STEP_S, type History } from "./spread.ts";
import { MACHINES, type World } from "./world.ts";

/** A check on one CI. */
export interface Watcher {
  kind: CheckKind;
  ci: number;
  /** The machine that its CI is on, or the CI itself. */
  machine: number;
  instance: string;
  phase: number;
  /** Beside what really happens, this check alone sees something. */
  injected: { from: number; to: number; level: number; cause: number }[];
  /** It has said so since long before we began to listen; seconds after our start (negative), or null. */
  since: number | null;
}

/** One word of one check, before it travels. */
export interface Said {
  at: number;
  /** Later, when the sender was cut off until then. */
  sentAt: number;
  watcher: Watcher;
  status: "firing" | "resolved";
  severity: string;
  text: string;
  episode: number;
}

/** One firing of one check: what made it fire first, and everything that kept it firing. */
export interface Episode {
  cause: number;
  others: Set<number>;
  watcher: Watcher;
  from: number;
  to: number;
}

export function machineOf(world: World, ci: number): number {
  let at = ci;
  for (let hops = 0; hops < 6 && !MACHINES.has(world.cis[at]?.type ?? ""); hops += 1) {
    const under = world.relations.find(({ from, type }) => from === at && (type === "runsOn" || type === "hostedOn"));
    if (under === undefined) break;
    at = under.to;
  }
  return at;
}

/**
 * Every check of the world's tools on every CI of its types, as far as somebody has set it up.
 *
 * @param blind CIs that nobody watches
 */
export function watchersOf(world: World, random: Random, coverage: number, blind: ReadonlySet<number>): Watcher[] {
  const under = new Map<number, number>();
  for (const { from, type, to } of world.relations)
    if ((type === "runsOn" || type === "hostedOn") && !under.has(from)) under.set(from, to);
  const machine = (ci: number): number => {
    let at = ci;
    for (let hops = 0; hops < 6 && !MACHINES.has(world.cis[at]?.type ?? ""); hops += 1) at = under.get(at) ?? at;
    return at;
  };
  const watchers: Watcher[] = [];
  world.cis.forEach(({ type }, ci) => {
    for (const kind of CHECKS) {
      if (!world.tools.has(kind.tool) || !kind.types.includes(type)) continue;
      const isThere = random.chance(coverage * (kind.share ?? 1));
      const phase = random.between(0, kind.everyS);
      const instance = kind.instance === undefined ? "" : random.pick(kind.instance);
      if (!isThere || blind.has(ci)) continue;
      watchers.push({ kind, ci, machine: machine(ci), instance, phase, injected: [], since: null });
    }
  });
  return watchers;
}

const LOOKED: Record<string, readonly Aspect[]> = {
  gone: ["dead", "cut"],
  down: ["dead", "cut"],
  bad: ["errors", "slow", "dead", "cut"],
};

/** Lets a check look through the whole time; hands on what it says. */
export class Looking {
  readonly said: Said[] = [];
  readonly episodes: Episode[] = [];
  private readonly world: World;
  private readonly history: History;
  private readonly random: Random;
  private readonly endS: number;

  constructor(world: World, history: History, random: Random, endS: number) {
    this.world = world;
    this.history = history;
    this.random = random;
    this.endS = endS;
  }

  look(watcher: Watcher): void {
    const aspects = this.aspectsOf(watcher);
    const courses = aspects.map((aspect) => this.history.of(watcher.ci, aspect));
    if (watcher.injected.length === 0 && courses.every((course) => course === undefined)) return;
    const { everyS, confirm, steps, repeatS } = watcher.kind;
    const first = steps[0]?.[0] ?? 1;
    let count = 0;
    let quiet = 0;
    let now: { episode: number; severity: string; at: number } | null = null;
    for (let at = watcher.phase; at < this.endS; at += everyS) {
      const seen = this.see(watcher, aspects, at);
      if (seen === null) continue;
      count = seen.level >= first ? count + 1 : 0;
      quiet = seen.level >= first * 0.85 ? 0 : quiet + 1;
      if (count >= confirm) {
        const severity = steps.findLast(([level]) => seen.level >= level)?.[1] ?? "warning";
        if (now === null) {
          this.episodes.push({ cause: seen.cause, others: new Set(), watcher, from: at, to: this.endS });
          now = { episode: this.episodes.length - 1, severity, at: Number.NEGATIVE_INFINITY };
        }
        const episode = this.episodes[now.episode];
        if (episode !== undefined && seen.cause !== episode.cause) episode.others.add(seen.cause);
        const isDue = repeatS > 0 && at - now.at >= repeatS;
        if (now.at !== Number.NEGATIVE_INFINITY && !isDue && severity === now.severity) continue;
        now.severity = severity;
        now.at = at;
        this.say(watcher, { at, status: "firing", severity, level: seen.level, episode: now.episode });
      } else if (now !== null && quiet >= 2 - Number(confirm === 1)) {
        const episode = this.episodes[now.episode];
        if (episode !== undefined) episode.to = at;
        if (this.random.chance((watcher.kind.clears ?? 1) * 0.97))
          this.say(watcher, { at, status: "resolved", severity: now.severity, level: 0, episode: now.episode });
        now = null;
      }
    }
  }

  private aspectsOf({ kind }: Watcher): readonly Aspect[] {
    if (kind.looks === "errors" && kind.voice === "poll" && !kind.types.includes("businessService"))
      return ["errors", "dead", "cut"];
    return LOOKED[kind.looks] ?? [kind.looks as Aspect];
  }

  /** null: it does not look now, or nobody hears it. */
  private see(watcher: Watcher, aspects: readonly Aspect[], at: number): { level: number; cause: number } | null {
    const step = Math.min(this.history.steps - 1, Math.floor(at / STEP_S));
    const is = (ci: number, aspect: Aspect): boolean => (this.history.of(ci, aspect)?.levels[step] ?? 0) > 0.5;
    const { voice } = watcher.kind;
    if (voice === "agent" && is(watcher.machine, "dead")) return null;
    if (voice === "device" && (is(watcher.ci, "dead") || is(watcher.ci, "cut"))) return null;
    let level = 0;
    let cause = -1;
    const isMute = voice === "scrape" && (is(watcher.ci, "dead") || is(watcher.ci, "cut"));
    for (const aspect of isMute ? [] : aspects) {
      const course = this.history.of(watcher.ci, aspect);
      const found = (course?.levels[step] ?? 0) * (watcher.kind.looks === "bad" && aspect === "slow" ? 0.75 : 1);
      if (found <= level) continue;
      level = found;
      cause = course?.blame[step] ?? -1;
    }
    if (level > 0) level = Math.min(1, Math.max(0, this.random.near(level, 0.04)));
    for (const own of watcher.injected) {
      if (at < own.from || at >= own.to || own.level <= level) continue;
      ({ level, cause } = own);
    }
    return { level, cause };
  }

  private say(
    watcher: Watcher,
    what: { at: number; status: "firing" | "resolved"; severity: string; level: number; episode: number },
  ): void {
    const { at, status, severity, level, episode } = what;
    const n = this.random.int(2, 60);
    const name = this.world.cis[watcher.ci]?.name ?? "";
    const text = this.random
      .pick(watcher.kind.text)
      .replaceAll("{ci}", name)
      .replaceAll("{pct}", String(Math.round(40 + level * 58)))
      .replaceAll("{ms}", String(Math.round(300 + level * 9000)))
      .replaceAll("{n}", String(n));
    this.said.push({ at, sentAt: this.sentAt(watcher, at), watcher, status, severity, text, episode });
  }

  /** What an agent says while it is cut off is sent when it is not any more. */
  private sentAt(watcher: Watcher, at: number): number {
    if (watcher.kind.voice !== "agent") return at;
    const course = this.history.of(watcher.machine, "cut");
    if (course === undefined) return at;
    let step = Math.floor(at / STEP_S);
    if ((course.levels[step] ?? 0) <= 0.5) return at;
    while (step < this.history.steps && (course.levels[step] ?? 0) > 0.5) step += 1;
    return step * STEP_S + this.random.between(5, 40);
  }
}
