import { readFileSync } from "node:fs";
import { basename } from "node:path";
import type { ProcessWatch } from "../config/agent-config.ts";
import type { HostFiles } from "../sample/host-files.ts";
import type { ProcessFocus } from "../sample/process-focus.ts";
import { parseProcessStat } from "../sample/process-stat.ts";
import { isPid } from "../sample/processes.ts";
import { type Series, setSeries } from "../sample/series-table.ts";
import { Check, type WatchContext, type Watch } from "./check.ts";
import { globMatches } from "../../rules/detect/glob.ts";

const PROCESSES_MAX = 50_000;
/** The kernel keeps this much of a program's name. */
const NAME_MAX = 15;
/** A process is looked at anew until it is this many rounds old: between fork and exec it bears another's name. */
const SETTLED_ROUNDS = 2;

interface Known {
  /** Indexes of the watches that it counts for. */
  matches: readonly number[];
  /** Start time and name, to tell a process that has only inherited the number. */
  identity: string;
  rounds: number;
  seenRound: number;
}

/** Programs that run others: the script's name is what people watch. */
const INTERPRETER = /^(python|perl|ruby|node|bash|sh|dash|php)[\d.]*$/;

/** Counts the processes of each watch by name, command line and user, from /proc. */
export function createProcessWatch(
  context: WatchContext,
  { files, focus }: { files: HostFiles; focus: ProcessFocus },
  watches: readonly ProcessWatch[],
  userIds: (name: string) => number | null = userId,
): Watch {
  const checks = watches.map(
    (watch) =>
      new Check(context, {
        check: "process_down",
        instance: watch.name,
        severity: watch.severity,
        forMs: watch.forMs,
        labels: { symptom: "unreachable" },
      }),
  );
  const counts: Series[] = watches.map((watch) =>
    context.table.gauge("tocsin.check.processes", "{process}", { name: watch.name }),
  );
  const scan = new ProcessScan(files, watches, userIds);

  return {
    name: "processes",
    tick(at) {
      let found = scan.count();
      // Nobody at all, not even this process: /proc cannot be read now, and that says nothing of anybody.
      if (scan.isBlind) {
        for (const check of checks) check.take({ status: "unknown", reason: "/proc cannot be read" }, at);
        return;
      }
      // Before anyone is told: once more without what was remembered.
      if (watches.some((watch, index) => !isEnough(watch, found[index]!))) found = scan.countAnew();
      focus.watch(scan.counted());
      for (const [index, watch] of watches.entries()) {
        const count = found[index]!;
        setSeries(counts[index]!, count, at);
        checks[index]!.take(
          isEnough(watch, count)
            ? { status: "good" }
            : { status: "bad", summary: summaryOf(watch, count), value: count },
          at,
        );
      }
    },
  };
}

function isEnough(watch: ProcessWatch, count: number): boolean {
  return count >= watch.min && (watch.max === null || count <= watch.max);
}

function summaryOf(watch: ProcessWatch, count: number): string {
  if (count === 0) return `process ${watch.name} is not running`;
  const wanted = count < watch.min ? `at least ${watch.min}` : `at most ${watch.max}`;
  return `${count} processes ${watch.name} are running, ${wanted} wanted`;
}

/** Remembers what each process is, so that a round reads little of those that it knows. */
class ProcessScan {
  readonly #files: HostFiles;
  readonly #watches: readonly ProcessWatch[];
  readonly #users: readonly (number | null)[];
  readonly #known = new Map<string, Known>();
  #round = 0;
  /** Processes of which anything was told in this round. */
  #seen = 0;
  /** Whether the last look saw nothing. */
  isBlind = false;

  constructor(files: HostFiles, watches: readonly ProcessWatch[], userIds: (name: string) => number | null) {
    this.#files = files;
    this.#watches = watches;
    this.#users = watches.map((watch) => (watch.user === null ? null : userIds(watch.user)));
  }

  /** Processes that count for a watch. */
  counted(): string[] {
    return [...this.#known].flatMap(([pid, { matches }]) => (matches.length > 0 ? [pid] : []));
  }

  countAnew(): number[] {
    this.#known.clear();
    return this.count();
  }

  count(): number[] {
    this.#round++;
    this.#seen = 0;
    const found = this.#watches.map(() => 0);
    let seen = 0;
    for (const pid of this.#files.list("/proc/")) {
      if (!isPid(pid) || seen++ >= PROCESSES_MAX) continue;
      for (const index of this.#matchesOf(pid)) found[index]!++;
    }
    for (const [pid, known] of this.#known) if (known.seenRound !== this.#round) this.#known.delete(pid);
    this.isBlind = this.#seen === 0;
    return found;
  }

  #matchesOf(pid: string): readonly number[] {
    const known = this.#known.get(pid);
    // One that counts for nothing and is old enough to have its name is only looked at again by `countAnew`.
    if (known !== undefined && known.matches.length === 0 && known.rounds >= SETTLED_ROUNDS) {
      known.seenRound = this.#round;
      this.#seen++;
      return known.matches;
    }
    const stat = parseProcessStat(this.#files.line(`/proc/${pid}/stat`) ?? "");
    if (stat !== null) this.#seen++;
    if (stat === null || stat.state === "Z" || stat.state === "X") return [];
    const { name } = stat;
    const identity = `${stat.startTicks} ${name}`;
    const settled = known?.identity === identity && known.rounds >= SETTLED_ROUNDS;
    const matches = settled ? known.matches : this.#match(pid, name);
    const rounds = known?.identity === identity ? known.rounds + 1 : 0;
    this.#known.set(pid, { matches, identity, rounds, seenRound: this.#round });
    return matches;
  }

  #match(pid: string, name: string): number[] {
    const words = this.#files.read(`/proc/${pid}/cmdline`)?.all().split("\u0000") ?? [];
    if (words.at(-1) === "") words.pop();
    const names = new Set([name, ...programNames(words)]);
    const command = words.length === 0 ? name : words.join(" ");
    return this.#watches.flatMap((watch, index) => {
      const byName = names.has(watch.name) || (words.length === 0 && isCut(name, watch.name));
      if (!byName || (watch.command !== null && !globMatches(watch.command, command))) return [];
      return watch.user === null || this.#isUsers(pid, this.#users[index]!) ? [index] : [];
    });
  }

  #isUsers(pid: string, user: number | null): boolean {
    const text = this.#files.read(`/proc/${pid}/status`)?.all() ?? "";
    // The effective one is the second.
    return user !== null && /^Uid:\s+\d+\s+(\d+)/m.exec(text)?.[1] === String(user);
  }
}

/** A kernel's name of 15 characters is the beginning of a longer one. */
function isCut(name: string, wanted: string): boolean {
  return name.length === NAME_MAX && wanted.length > NAME_MAX && wanted.startsWith(name);
}

/** The program's own name, and that of the script which an interpreter runs. */
function programNames(words: readonly string[]): string[] {
  const [program = "", script = ""] = words;
  // A login shell has a dash before its name, and daemons like to write a title there: `nginx: master process`.
  const own = basename(program).replace(/^-/, "").replace(/:$/, "");
  return INTERPRETER.test(own) && script !== "" && !script.startsWith("-") ? [own, basename(script)] : [own];
}

/** From /etc/passwd; null for a name that is not there. */
function userId(name: string): number | null {
  if (/^\d+$/.test(name)) return Number(name);
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((each) => each.startsWith(`${name}:`));
  return line === undefined ? null : Number(line.split(":")[2]);
}
