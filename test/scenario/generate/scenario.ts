import { disturb, type Noise } from "./background.ts";
import { writeCmdb, type Dirt } from "./cmdb.ts";
import { deliver, type Line } from "./deliver.ts";
import { planFaults, planWork, type Plan } from "./plan.ts";
import { Random } from "./random.ts";
import { spread } from "./spread.ts";
import { isShared, truthOf, type TruthFault } from "./truth.ts";
import { Looking, watchersOf } from "./watch.ts";
import { PROGRAMS, type World } from "./world.ts";

export interface Recipe {
  name: string;
  seed: string;
  size: number;
  world: (size: number, random: Random) => World;
  plan: Plan;
  noise: Noise;
  dirt: Dirt;
  /** Share of the checks that somebody has set up. */
  coverage: number;
  /** Share of roots that nobody watches. */
  silent: number;
  /** Harmless changes an hour. */
  changes: number;
}

export interface Generated {
  name: string;
  cmdb: unknown;
  /** Lines of `events.jsonl`. */
  lines: string[];
  truth: {
    scenario: { start: string } & Record<string, unknown>;
    faults: TruthFault[];
    maintenance: string[];
    unknownCis: Record<string, string[]>;
    events: Record<string, string>;
  };
}

/** Harmless changes an hour for each CI, at most: six machines are not changed eight times an hour. */
const CHANGES_A_CI = 0.06;
/** Whoever works on until so long after the end of the window may be asked whether that is meant. */
const OVERRUN_S = 600;
const START_MS = Date.parse("2026-05-12T06:00:00.000Z");

/** One scenario: the same for the same recipe, on every machine. */
export function generate(recipe: Recipe): Generated {
  const random = (what: string): Random => new Random(`${recipe.seed} ${recipe.name} ${what}`);
  const world = recipe.world(recipe.size, random("world"));
  const { faults, endS } = planFaults(world, recipe.plan, random("plan"));
  const works = planWork(world, recipe.plan.works, { random: random("work"), endS, faults });
  const labels = [...faults.map(({ id }) => `fault:${id}`), ...works.map(({ id }) => `maintenance:${id}`)];
  const causes = [...faults, ...works].map(({ impairments }, index) => ({ index, impairments }));
  const history = spread(world, causes, endS);
  const luck = random("silent");
  const blind = new Set(faults.flatMap(({ root }) => (root !== null && luck.chance(recipe.silent) ? [root] : [])));
  const watchers = watchersOf(world, random("watch"), recipe.coverage, blind);
  labels.push(...disturb(watchers, recipe.noise, { random: random("noise"), endS, from: labels.length }));
  const looking = new Looking(world, history, random("look"), endS);
  for (const watcher of watchers) looking.look(watcher);
  const { said, episodes } = looking;
  const lines = deliver(world, said, episodes, { random: random("way"), startMs: START_MS });
  const caused = addChanges(lines, { recipe, world, faults, random: random("changes"), endS });
  const written = writeCmdb(world, works, recipe.dirt, { random: random("cmdb"), startMs: START_MS });
  finish(lines, random("twice"));
  const changes = new Map([...caused].map(([index, line]) => [index, line.id]));
  const seen = { world, history, episodes, lines, said, labels, changes, startMs: START_MS, endS, ...written };
  const truth = faults.map((fault, index) => truthOf(fault, index, seen));
  const label = (line: Line): string => {
    const episode = episodes[line.episode];
    if (episode === undefined) return `change:${changeOf(line, changes, faults)}`;
    const name = labels[episode.cause] ?? "";
    // Work that takes longer than planned is nobody's fault and no planned work any more, nor is what it leaves behind for long.
    const isOverrun = works.some(
      ({ id, to }) => name === `maintenance:${id}` && (episode.from > to || episode.to > to + OVERRUN_S),
    );
    return isOverrun || isShared(episode, labels) ? `ignore:${name}` : name;
  };
  const events: Record<string, string> = {};
  for (const line of lines) {
    events[line.id] ??= `${label(line)}|${line.episode}|${line.status}|${line.arrival.toFixed(1)}`;
  }
  const iso = (second: number): string => new Date(START_MS + second * 1000).toISOString();
  return {
    name: recipe.name,
    cmdb: written.document,
    lines: lines.map((line) => JSON.stringify({ receivedAt: iso(line.arrival), id: line.id, ...line.document })),
    truth: {
      scenario: {
        family: world.family,
        cis: world.cis.length,
        relations: world.relations.length,
        start: iso(0),
        end: iso(endS),
        seed: recipe.seed,
      },
      faults: truth,
      maintenance: works.map(({ id }) => id),
      unknownCis: written.unknown,
      events,
    },
  };
}

function changeOf(line: Line, changes: ReadonlyMap<number, string>, faults: readonly { id: string }[]): string {
  for (const [index, id] of changes) if (id === line.id) return faults[index]?.id ?? "-";
  return "-";
}

/** Changes that caused a fault, by its index; and many that did no harm. */
function addChanges(
  lines: Line[],
  {
    recipe,
    world,
    faults,
    random,
    endS,
  }: {
    recipe: Recipe;
    world: World;
    faults: readonly { changeAt: number | null; changeOn: number | null }[];
    random: Random;
    endS: number;
  },
): Map<number, Line> {
  const caused = new Map<number, Line>();
  const add = (ci: number, at: number): Line => {
    const id = world.cis[ci]?.name ?? "";
    const [source, check, text] = random.pick([
      PROGRAMS.has(world.cis[ci]?.type ?? "") || world.cis[ci]?.type === "service"
        ? ["argocd", "sync", `Application ${id} synced to ${random.hex(7)}`]
        : ["ansible", "playbook-run", `site.yml on ${id}: changed=${random.int(1, 9)}`],
      ["servicedesk", "change-request", `CHG00${random.int(10_000, 99_999)} on ${id} implemented`],
    ] as const);
    const line: Line = {
      arrival: at + random.between(0.5, 20),
      id: "",
      episode: -1,
      status: "C",
      document: {
        source,
        ci: id,
        check,
        status: "firing",
        severity: "info",
        summary: text,
        time: new Date(START_MS + at * 1000).toISOString(),
        kind: "change",
      },
    };
    lines.push(line);
    return line;
  };
  faults.forEach(({ changeAt, changeOn }, index) => {
    if (changeAt !== null && changeOn !== null) caused.set(index, add(changeOn, changeAt));
  });
  const programs = world.cis.flatMap(({ type }, ci) =>
    ["service", "application", "vm", "host", "switch", "database"].includes(type) ? [ci] : [],
  );
  const anHour = Math.min(recipe.changes, CHANGES_A_CI * world.cis.length);
  const harmless = Math.round((anHour * endS) / 3600);
  for (let index = 0; index < harmless && programs.length > 0; index += 1)
    add(random.pick(programs), random.between(0, endS));
  return caused;
}

/** In order of arrival, with ids; some lines come twice. */
function finish(lines: Line[], random: Random): void {
  lines.sort((a, b) => a.arrival - b.arrival);
  lines.forEach((line, index) => {
    line.id = `g-${String(index + 1).padStart(6, "0")}`;
  });
  const again = lines
    .filter(() => random.chance(0.01))
    .map((line) => ({ ...line, arrival: line.arrival + random.between(1, 40) }));
  lines.push(...again);
  lines.sort((a, b) => a.arrival - b.arrival);
}
