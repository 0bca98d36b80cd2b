import { spawn } from "node:child_process";
import type { Clock } from "../clock.ts";
import type { PluginWatch, WatchSeverity } from "../config/agent-config.ts";
import { setSeries } from "../sample/series-table.ts";
import { type CheckResult, PolledCheck, type Watch, type WatchContext } from "./check.ts";
import { parsePluginOutput } from "./plugin-output.ts";

const OUTPUT_BYTES_MAX = 64 * 1024;
/** Plugins that run at a time; the others wait for the next round. */
const RUNNING_MAX = 4;

let running = 0;

interface Ended {
  /** null where it had to be killed or could not be started. */
  code: number | null;
  output: string;
  reason: string;
}

/** Runs any Nagios plugin: status from its exit code, text from its first line, numbers from its performance data. */
export function createPluginWatch(context: WatchContext, watch: PluginWatch): Watch {
  const { name, severity, forMs, everyMs } = watch;
  return new PolledCheck(
    context,
    { check: "plugin", instance: name, severity, forMs },
    { everyMs, probe: () => probePlugin(context, watch) },
  );
}

export async function probePlugin(context: WatchContext, watch: PluginWatch): Promise<CheckResult> {
  if (running >= RUNNING_MAX) return { status: "unknown", reason: `${RUNNING_MAX} other plugins run already` };
  running++;
  const ended = await runPlugin(watch, context.clock).finally(() => {
    running--;
  });
  const { text, performance } = parsePluginOutput(ended.output);
  const at = context.clock.now();
  for (const { label, value, unit } of performance)
    setSeries(context.table.gauge("tocsin.plugin.value", "1", { name: watch.name, label, unit }), value, at);
  const shown = `${watch.name}: ${text === "" ? ended.reason : text}`;
  if (ended.code === 0) return { status: "good" };
  if (ended.code === 1) return { status: "bad", summary: shown, severity: lesser(watch.severity) };
  if (ended.code === 2) return { status: "bad", summary: shown };
  // 3 and all else: the plugin itself does not know.
  return { status: "unknown", reason: ended.reason === "" ? shown : `${watch.name}: ${ended.reason}` };
}

/** A plugin's WARNING, beside its CRITICAL that has the severity of the watch. */
function lesser(severity: WatchSeverity): WatchSeverity {
  return severity === "info" ? "info" : "warning";
}

/** No shell, no environment of ours, its own process group, which is killed as a whole when its time is up. */
function runPlugin(watch: PluginWatch, clock: Clock): Promise<Ended> {
  return new Promise((resolve) => {
    const [program = "", ...args] = watch.command;
    const child = spawn(program, args, {
      detached: true,
      env: { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LC_ALL: "C" },
      stdio: ["ignore", "pipe", "ignore"],
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let reason = "";
    const kill = (why: string): void => {
      reason = why;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // It ended by itself in the same moment.
      }
    };
    const cancel = clock.after(watch.timeoutMs, () => kill(`did not end within ${watch.timeoutMs} ms`));
    child.stdout.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= OUTPUT_BYTES_MAX) chunks.push(chunk);
      else kill("printed too much");
    });
    const done = (code: number | null): void => {
      cancel();
      resolve({ code: reason === "" ? code : null, output: Buffer.concat(chunks).toString(), reason });
    };
    child.on("error", (error: NodeJS.ErrnoException) => {
      reason = error.code === "ENOENT" ? `there is no ${program}` : error.message;
      done(null);
    });
    child.on("close", done);
  });
}
