import type { PluginWatch, WatchSeverity } from "../config/agent-config.ts";
import { setSeries } from "../sample/series-table.ts";
import { type CheckResult, PolledCheck, type Watch, type WatchContext } from "./check.ts";
import { parsePluginOutput } from "./plugin-output.ts";
import { runProgram } from "./run-program.ts";

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
  const ended = await runProgram(watch, context.clock);
  if (ended === null) return { status: "unknown", reason: "as many programs as may run at a time do so already" };
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
