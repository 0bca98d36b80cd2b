import { spawn } from "node:child_process";
import type { Clock } from "../clock.ts";

export interface ProgramCall {
  /** Program and arguments. */
  command: readonly string[];
  timeoutMs: number;
}

export interface ProgramEnd {
  /** null where it had to be killed or could not be started. */
  code: number | null;
  output: string;
  /** The first line of what it complained of. */
  complaint: string;
  /** Why there is no code. */
  reason: string;
}

const OUTPUT_BYTES_MAX = 64 * 1024;
const COMPLAINT_CHARS_MAX = 200;
/** At a time, plugins and pings together. */
const RUNNING_MAX = 4;

let running = 0;

/**
 * Runs a program for a check: no shell, no environment of ours, its own process group, which is killed as a whole when its time is
 * up or it prints too much. null where as many run already as may; then the next round is time enough.
 */
export async function runProgram(call: ProgramCall, clock: Clock): Promise<ProgramEnd | null> {
  if (running >= RUNNING_MAX) return null;
  running++;
  return start(call, clock).finally(() => {
    running--;
  });
}

function start(call: ProgramCall, clock: Clock): Promise<ProgramEnd> {
  return new Promise((resolve) => {
    const [program = "", ...args] = call.command;
    const child = spawn(program, args, {
      detached: true,
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let complaint = "";
    let reason = "";
    const kill = (why: string): void => {
      reason = why;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // It ended by itself in the same moment.
      }
    };
    const cancel = clock.after(call.timeoutMs, () => kill(`did not end within ${call.timeoutMs} ms`));
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= OUTPUT_BYTES_MAX) chunks.push(chunk);
      else kill("printed too much");
    });
    child.stderr.on("data", (chunk: Buffer) => {
      if (complaint.length < COMPLAINT_CHARS_MAX) complaint += chunk.toString("utf8", 0, COMPLAINT_CHARS_MAX);
    });
    const done = (code: number | null): void => {
      cancel();
      const [line = ""] = complaint.trim().split("\n");
      resolve({
        code: reason === "" ? code : null,
        output: Buffer.concat(chunks).toString(),
        complaint: line.slice(0, COMPLAINT_CHARS_MAX),
        reason,
      });
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      reason = reasonOf(error, program);
      done(null);
    });
    child.on("close", done);
  });
}

function reasonOf(error: NodeJS.ErrnoException, program: string): string {
  if (error.code === "ENOENT") return `there is no ${program}`;
  // A program with file capabilities, from a unit that may have none.
  if (error.code === "EPERM" || error.code === "EACCES")
    return `${program} may not be started from here (${error.code})`;
  return error.message;
}
