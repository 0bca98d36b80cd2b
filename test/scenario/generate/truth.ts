import { type Course, type History, STEP_S } from "./spread.ts";
import type { Line } from "./deliver.ts";
import type { Fault } from "./fault.ts";
import type { Episode, Said } from "./watch.ts";
import type { World } from "./world.ts";

export interface TruthFault {
  id: string;
  type: string;
  root: string | null;
  acceptableRoots: string[];
  noSingleRoot: boolean;
  identifiable: boolean;
  silentRoot: boolean;
  change: string | null;
  gradual: boolean;
  intermittent: boolean;
  recurrence: string | null;
  start: string;
  end: string;
  recoveredAt: string | null;
  detectable: boolean;
  firstEventAt: string | null;
  firstMajorAt: string | null;
  page: "must" | "may" | "none";
  events: number;
  alerts: number;
  alertingCis: number;
  affectedCis: string[];
  businessServices: string[];
}

interface Seen {
  world: World;
  history: History;
  episodes: readonly Episode[];
  lines: readonly Line[];
  said: readonly Said[];
  labels: readonly string[];
  changes: ReadonlyMap<number, string>;
  startMs: number;
  endS: number;
  /** Whether the CMDB as it is written leads from this CI to that one. */
  isWritten: (from: number, to: number) => boolean;
  isKnown: (ci: number) => boolean;
}

const SERIOUS: ReadonlySet<string> = new Set(["major", "critical"]);
/** A business service that is this bad for a minute is hit. */
const HIT = 0.4;

/** What really happened with one fault, as the scorer wants it. */
export function truthOf(fault: Fault, index: number, seen: Seen): TruthFault {
  const { world, episodes, lines, startMs, endS } = seen;
  const iso = (second: number): string => new Date(startMs + second * 1000).toISOString();
  const name = (ci: number): string => world.cis[ci]?.id ?? "";
  const own = new Set<number>();
  episodes.forEach((episode, at) => {
    if (episode.cause === index && !isShared(episode, seen.labels)) own.add(at);
  });
  const mine = lines.filter(({ episode, status }) => status === "F" && own.has(episode));
  const isSerious = ({ document }: Line): boolean => SERIOUS.has(String(document["severity"]));
  const first = earliest(mine);
  const firstMajor = earliest(mine.filter(isSerious));
  const alerting = new Set(
    [...new Set(mine.map(({ episode }) => episode))].map((at) => episodes[at]?.watcher.ci ?? -1),
  );
  const serious = new Set(mine.filter(isSerious).map(({ episode }) => episodes[episode]?.watcher.ci ?? -1));
  const affected = affectedBy(index, seen);
  const services = [...affected].filter((ci) => world.cis[ci]?.type === "businessService" && isHit(ci, index, seen));
  const over = [...own].reduce((last, at) => Math.max(last, episodes[at]?.to ?? 0), fault.end);
  const isMust = mine.length > 0 && serious.size > 0 && (services.length > 0 || serious.size >= 8);
  const { root } = fault;
  const isNamed = fault.acceptable.some((ci) => alerting.has(ci));
  const isPath = fault.acceptable.some((ci) => seen.isKnown(ci) && waysUp(ci, alerting, seen) >= 2);
  return {
    id: fault.id,
    type: fault.kind,
    root: root === null ? null : name(root),
    acceptableRoots: fault.acceptable.map(name),
    noSingleRoot: root === null,
    identifiable: root !== null && (isNamed || isPath),
    silentRoot: root !== null && !alerting.has(root),
    change: seen.changes.get(index) ?? null,
    gradual: fault.gradual,
    intermittent: fault.intermittent,
    recurrence: fault.recurrence,
    start: iso(fault.start),
    end: iso(fault.end),
    recoveredAt: over >= endS ? null : iso(over),
    detectable: mine.length > 0,
    firstEventAt: first === null ? null : iso(first),
    firstMajorAt: firstMajor === null ? null : iso(firstMajor),
    page: mine.length === 0 ? "none" : isMust ? "must" : "may",
    events: mine.length,
    alerts: new Set(mine.map(({ episode }) => episode)).size,
    alertingCis: alerting.size,
    affectedCis: [...affected].map(name),
    businessServices: services.map(name),
  };
}

/**
 * A root that says nothing is told by what hangs on it. Where that is one CI alone, or all is reached through that one,
 * nothing tells the root from it: so many CIs that need the root directly alarm, or have alarms behind them.
 */
function waysUp(ci: number, alerting: ReadonlySet<number>, { world, isWritten }: Seen): number {
  const direct = new Set(
    world.relations.filter(({ from, to }) => to === ci && isWritten(from, ci)).map(({ from }) => from),
  );
  return [...direct].filter((one) => [...alerting].some((other) => other === one || isWritten(other, one))).length;
}

function earliest(lines: readonly Line[]): number | null {
  return lines.reduce<number | null>((least, { arrival }) => Math.min(least ?? arrival, arrival), null);
}

/** Something else kept it firing, too: such an alert is never scored. */
export function isShared(episode: Episode, labels: readonly string[]): boolean {
  const isFault = (cause: number): boolean => (labels[cause] ?? "").startsWith("fault:");
  return [...episode.others].some((other) => other >= 0 && isFault(other) !== isFault(episode.cause));
}

function affectedBy(index: number, { world, history }: Seen): Set<number> {
  const found = new Set<number>();
  world.cis.forEach((_, ci) => {
    for (const aspect of [
      "dead",
      "cut",
      "errors",
      "slow",
      "load",
      "backlog",
      "full",
      "skew",
      "hot",
      "power",
    ] as const) {
      if (history.of(ci, aspect)?.blame.includes(index) === true) found.add(ci);
    }
  });
  return found;
}

function isHit(ci: number, index: number, { history }: Seen): boolean {
  const long = (course: Course | undefined): number =>
    course === undefined
      ? 0
      : course.levels.reduce((sum, level, step) => sum + Number(level >= HIT && course.blame[step] === index), 0);
  return (long(history.of(ci, "errors")) + long(history.of(ci, "slow"))) * STEP_S >= 60;
}
