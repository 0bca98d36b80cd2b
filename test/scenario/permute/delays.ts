import { type EventLine, type Material, readLines, type TruthFile } from "./material.ts";

interface Times {
  start: number;
  end: number;
}
interface Episode {
  times: Times;
  first: number;
  last: number;
  /** When it cleared, or null. */
  cleared: number | null;
}

/**
 * Every alert of a fault comes so many times later after the fault's beginning, and clears so many times later after
 * its end: slower and faster pollers, not longer faults.
 */
export function delayed(material: Material, factor: number): Material {
  const truth = JSON.parse(material.truth) as TruthFile;
  const zero = Date.parse(truth.scenario.start);
  const second = (iso: string): number => (Date.parse(iso) - zero) / 1000;
  const iso = (at: number): string => new Date(zero + at * 1000).toISOString();
  const faults = new Map(truth.faults.map(({ id, start, end }) => [id, { start: second(start), end: second(end) }]));
  const episodes = episodesOf(truth, faults);
  const moved = (id: string, at: number): number => {
    const [, episode = "", status] = (truth.events[id] ?? "").split("|");
    const found = episodes.get(episode);
    return found === undefined ? at : movedIn(found, { at, isClear: status === "R", factor });
  };
  const lines = readLines(material.lines).map((line): [number, EventLine] => {
    const at = second(line.receivedAt);
    const to = moved(line.id, at);
    return [to, { ...line, receivedAt: iso(to), time: iso(second(line.time) + to - at) }];
  });
  lines.sort(([a], [b]) => a - b);
  const arrivals = new Map<string, number>();
  for (const [at, { id }] of lines) if (!arrivals.has(id)) arrivals.set(id, at);
  const first = new Map<string, number>();
  for (const [id, event] of Object.entries(truth.events)) {
    const [label = "", , status] = event.split("|");
    const at = arrivals.get(id);
    if (status !== "F" || at === undefined || !label.startsWith("fault:")) continue;
    for (const fault of label.slice("fault:".length).split("+")) first.set(fault, Math.min(first.get(fault) ?? at, at));
  }
  return {
    cmdb: material.cmdb,
    lines: lines.map(([, line]) => JSON.stringify(line)),
    truth: JSON.stringify({
      ...truth,
      faults: truth.faults.map((fault) => {
        const at = first.get(fault.id);
        const end = second(fault.end);
        const over = fault.recoveredAt === null ? null : second(fault.recoveredAt);
        return {
          ...fault,
          firstEventAt: at === undefined ? fault.firstEventAt : iso(at),
          recoveredAt: over === null ? null : iso(over > end ? end + factor * (over - end) : over),
        };
      }),
      events: Object.fromEntries(
        Object.entries(truth.events).map(([id, event]) => {
          const [label, episode, status, at] = event.split("|");
          return [id, [label, episode, status, (arrivals.get(id) ?? Number(at)).toFixed(1)].join("|")];
        }),
      ),
    }),
  };
}

function episodesOf(truth: TruthFile, faults: ReadonlyMap<string, Times>): Map<string, Episode> {
  const episodes = new Map<string, Episode>();
  for (const event of Object.values(truth.events)) {
    const [label = "", name = "", status, arrival] = event.split("|");
    const times = faults.get(label.slice("fault:".length).split("+")[0] ?? "");
    if (!label.startsWith("fault:") || times === undefined) continue;
    const at = Number(arrival);
    const one = episodes.get(name) ?? { times, first: at, last: at, cleared: null };
    episodes.set(name, one);
    if (status === "R") one.cleared = Math.max(one.cleared ?? at, at);
    else {
      one.first = Math.min(one.first, at);
      one.last = Math.max(one.last, at);
    }
  }
  return episodes;
}

const BEFORE_END_S = 30;

function movedIn(
  { times: { start, end }, first, last, cleared }: Episode,
  { at, isClear, factor }: { at: number; isClear: boolean; factor: number },
): number {
  const onset =
    first <= start
      ? first
      : first <= end
        ? Math.min(start + factor * (first - start), Math.max(first, end - BEFORE_END_S))
        : end + factor * (first - end);
  if (cleared === null) return onset + at - first;
  const clear = cleared > end ? end + factor * (cleared - end) : cleared + onset - first;
  // What is over before it would have begun moves as a whole.
  if (clear <= onset + 1) return onset + at - first;
  if (isClear) return clear;
  const room = last === first ? 1 : Math.min(1, (clear - 1 - onset) / (last - first));
  return onset + (at - first) * room;
}
