import type { Clock } from "../clock.ts";
import type { HostFiles } from "../sample/host-files.ts";
import { programName } from "../discover/process-table.ts";
import { isPid } from "../sample/processes.ts";

const SHOWN = 5;
const PROCESSES_MAX = 5000;
/** Between the two looks of which a process's share of the CPU is made. */
const SPAN_MS = 1000;
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;

interface Process {
  name: string;
  ticks: number;
  residentBytes: number;
  state: string;
}

/**
 * Who is at work when something goes wrong: the processes that take the most CPU and memory, and those that wait for a disk.
 * Reads /proc twice, a second apart; a few milliseconds on an ordinary host.
 */
export async function diagnose(files: HostFiles, clock: Clock): Promise<string> {
  const before = processes(files);
  await new Promise<void>((done) => {
    clock.after(SPAN_MS, done);
  });
  const now = processes(files);
  const lines: string[] = [];
  const busy = [...now]
    .map(([pid, process]) => ({ pid, process, share: shareOf(before.get(pid), process) }))
    .filter(({ share }) => share >= 1)
    .sort((a, b) => b.share - a.share);
  if (busy.length > 0)
    lines.push(
      `cpu: ${busy
        .slice(0, SHOWN)
        .map(({ pid, process, share }) => `${shownName(files, pid, process)}[${pid}] ${share} %`)
        .join(", ")}`,
    );
  const large = [...now].sort(([, a], [, b]) => b.residentBytes - a.residentBytes);
  if (large.length > 0)
    lines.push(
      `memory: ${large
        .slice(0, SHOWN)
        .map(([pid, process]) => `${shownName(files, pid, process)}[${pid}] ${mebibytes(process)}`)
        .join(", ")}`,
    );
  const waiting = [...now].filter(([, process]) => process.state === "D");
  if (waiting.length > 0) {
    const more = waiting.length > SHOWN ? ` and ${waiting.length - SHOWN} more` : "";
    lines.push(
      `waiting for a disk: ${waiting
        .slice(0, SHOWN)
        .map(([pid, process]) => `${shownName(files, pid, process)}[${pid}]`)
        .join(", ")}${more}`,
    );
  }
  return lines.join("\n");
}

/** Percent of one core. A process that was not there before counts from its start. */
function shareOf(before: Process | undefined, now: Process): number {
  return Math.round(((now.ticks - (before?.ticks ?? 0)) / TICKS_PER_SECOND / (SPAN_MS / 1000)) * 100);
}

/** Only for the few that are shown: an interpreter's own name tells nothing. */
function shownName(files: HostFiles, pid: string, { name }: Process): string {
  return programName(files, pid, name) ?? name;
}

function mebibytes(process: Process): string {
  return `${Math.round(process.residentBytes / 1024 / 1024)} MiB`;
}

function processes(files: HostFiles): Map<string, Process> {
  const found = new Map<string, Process>();
  for (const pid of files.list("/proc/")) {
    if (!isPid(pid)) continue;
    if (found.size >= PROCESSES_MAX) break;
    const line = files.line(`/proc/${pid}/stat`);
    if (line === null) continue;
    const end = line.lastIndexOf(")");
    const fields = line.slice(end + 2).split(" ");
    found.set(pid, {
      name: line.slice(line.indexOf("(") + 1, end),
      state: fields[0] ?? "",
      ticks: Number(fields[11]) + Number(fields[12]),
      residentBytes: Number(fields[21]) * PAGE_BYTES,
    });
  }
  return found;
}
