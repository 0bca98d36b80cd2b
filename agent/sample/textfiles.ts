import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { globMatches } from "../../rules/detect/glob.ts";
import type { Log } from "../log.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import { type Series, setSeries } from "./series-table.ts";
import type { parseTextfile } from "./textfile-format.ts";

const FILES_MAX = 64;
const FILE_BYTES_MAX = 256 * 1024;
const SERIES_MAX = 1000;

interface File {
  /** By which one tells that it was written again. */
  mark: string;
  mtime: Series;
  series: readonly Series[];
  fault: string;
}

/**
 * Files of metrics that scripts leave behind, as for node_exporter's textfile collector: read when they were written, held meanwhile. The reader
 * of the format is loaded by those alone who name such files.
 */
export function createTextfilesCollector(
  { table }: CollectorContext,
  { patterns, log }: { patterns: readonly string[]; log: Log },
): Collector {
  const files = new Map<string, File>();
  const failed = patterns.length === 0 ? null : table.gauge("system.linux.textfile.error", "1");
  let parse: typeof parseTextfile | null = null;

  const read = (path: string, mark: string, parsing: typeof parseTextfile): File => {
    const before = files.get(path);
    const mtime = table.gauge("system.linux.textfile.mtime", "s", { file: path });
    const parsed = contentOf(path, parsing);
    if ("fault" in parsed) {
      if (before?.fault !== parsed.fault)
        log.warn("a file of metrics cannot be used", { file: path, reason: parsed.fault });
      return { mark, mtime, series: [], fault: parsed.fault };
    }
    let room = SERIES_MAX;
    for (const [other, { series }] of files) if (other !== path) room -= series.length;
    const series = parsed.slice(0, Math.max(0, room)).map(({ name, type, labels, value }) => {
      const one = type === "counter" ? table.counter(name, "1", labels) : table.gauge(name, "1", labels);
      setSeries(one, value, 0);
      return one;
    });
    const fault = parsed.length > room ? `more than ${SERIES_MAX} series in all` : "";
    if (fault !== "" && before?.fault !== fault) log.warn("a file of metrics is cut", { file: path, reason: fault });
    return { mark, mtime, series, fault };
  };

  const look = (at: number, parsing: typeof parseTextfile): void => {
    const found = patterns.flatMap(expand).slice(0, FILES_MAX);
    const gone = [...files.keys()].filter((path) => !found.includes(path));
    for (const path of [...found, ...gone]) {
      const stat = statSync(path, { throwIfNoEntry: false });
      const before = files.get(path);
      const mark = stat === undefined ? "" : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
      if (stat !== undefined && before?.mark === mark) continue;
      files.delete(path);
      const now = stat === undefined || gone.includes(path) ? null : read(path, mark, parsing);
      if (now !== null) {
        files.set(path, now);
        if (now.fault === "") setSeries(now.mtime, stat!.mtimeMs / 1000, at);
      }
      const kept = new Set([...files.values()].flatMap(({ series, mtime }) => [...series, mtime]));
      for (const series of before === undefined ? [] : [...before.series, before.mtime])
        if (!kept.has(series)) table.end(series, at);
    }
  };

  return {
    name: "textfiles",
    everyMs: 20_000,
    sample(at) {
      if (failed === null) return;
      if (parse === null) {
        void import("./textfile-format.ts").then((module) => {
          parse = module.parseTextfile;
        });
        return;
      }
      look(at, parse);
      for (const { series, mtime } of files.values())
        for (const each of [...series, mtime]) setSeries(each, each.value, at);
      setSeries(failed, [...files.values()].some(({ fault }) => fault !== "") ? 1 : 0, at);
    },
  };
}

function contentOf(path: string, parsing: typeof parseTextfile): ReturnType<typeof parseTextfile> {
  try {
    const bytes = readFileSync(path);
    return bytes.length > FILE_BYTES_MAX
      ? { fault: `it is longer than ${FILE_BYTES_MAX / 1024} KiB` }
      : parsing(bytes.toString());
  } catch (error) {
    return { fault: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

/** A folder means its files that end with `.prom`; else a wildcard in the last part. */
function expand(pattern: string): string[] {
  const isFolder = statSync(pattern, { throwIfNoEntry: false })?.isDirectory() === true;
  const [folder, glob] = isFolder ? [pattern, "*.prom"] : [dirname(pattern), basename(pattern)];
  try {
    return readdirSync(folder)
      .filter((name) => globMatches(glob, name))
      .sort()
      .map((name) => join(folder, name));
  } catch {
    // The folder is not there, or closed to us.
    return [];
  }
}
