import type { Random } from "./random.ts";
import type { Episode, Said } from "./watch.ts";
import type { World } from "./world.ts";

/** One line of `events.jsonl`, with the second of its arrival. */
export interface Line {
  arrival: number;
  id: string;
  /** Index of the episode; −1 for a change. */
  episode: number;
  status: string;
  document: Record<string, unknown>;
}

/** Seconds under way, at least and at most, by tool. */
const WAY_S: Record<string, readonly [number, number]> = {
  prometheus: [6, 38],
  otel: [25, 50],
  vmware: [2, 14],
  array: [3, 20],
  zabbix: [1, 8],
  blackbox: [5, 20],
};

/** How each tool calls a CI: by id, by full name, by address. */
const CALLS: Record<string, readonly number[]> = {
  snmptrap: [1, 0],
  syslog: [0],
  icinga: [0, -1],
  zabbix: [-1],
  loki: [-1],
};

/** What is said travels: late, twice, under other names, with other clocks, or not at all. */
export function deliver(
  world: World,
  said: readonly Said[],
  episodes: readonly Episode[],
  { random, startMs }: { random: Random; startMs: number },
): Line[] {
  const skews = new Map<string, number>();
  const lines: Line[] = [];
  for (const word of said) {
    const { watcher, at, sentAt, status, severity, text, episode } = word;
    const { kind } = watcher;
    const clock = `${kind.voice === "agent" || kind.voice === "device" ? watcher.machine : kind.tool}`;
    if (!skews.has(clock)) skews.set(clock, random.chance(0.2) ? random.between(-28, 28) : random.between(-1, 1));
    if (random.chance(0.006)) continue;
    const [least, most] = WAY_S[kind.tool] ?? [0.3, 4];
    const slow = random.chance(0.01) ? random.between(20, 90) : 0;
    const since = watcher.since === null || episodes[episode]?.from !== firstLook(watcher) ? null : watcher.since;
    lines.push({
      arrival: sentAt + random.between(least, most) + slow,
      id: "",
      episode,
      status: status === "firing" ? "F" : "R",
      document: {
        source: kind.tool,
        ci: called(world, kind.tool, watcher.ci),
        check: kind.check,
        ...(watcher.instance === "" ? {} : { instance: watcher.instance }),
        status,
        severity,
        summary: text,
        time: new Date(startMs + (at + (skews.get(clock) ?? 0)) * 1000).toISOString(),
        labels: world.cis[watcher.ci]?.labels ?? {},
        ...(since === null ? {} : { annotations: { since: new Date(startMs + since * 1000).toISOString() } }),
        kind: "alert",
      },
    });
  }
  return lines;
}

function firstLook(watcher: Said["watcher"]): number {
  return watcher.phase + watcher.kind.everyS * (watcher.kind.confirm - 1);
}

function called(world: World, tool: string, ci: number): string {
  const what = world.cis[ci];
  if (what === undefined) return "";
  for (const index of CALLS[tool] ?? [-1]) {
    const alias = index < 0 ? what.name : what.aliases[index];
    if (alias !== undefined) return alias;
  }
  return what.id;
}
