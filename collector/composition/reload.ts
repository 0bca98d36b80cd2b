import { resolve } from "node:path";
import { coreSettings, TIME_INTERVALS_AHEAD_MS } from "../config/core-settings.ts";
import { hasErrors } from "../../protocol/finding.ts";
import { restartNeeded, type TocsinConfig } from "../config/config.ts";
import { FileWatch } from "../config/document/file-watch.ts";
import type { ParseOptions } from "../config/parse.ts";
import type { Clock } from "../port/clock.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";
import { loadAgentConfiguration } from "./agent-configuration.ts";
import { authOf, cmdbSettings, type Rooms } from "./collector.ts";
import { createConnectors } from "./connectors.ts";
import { loadConfig } from "./load-config.ts";
import { loadRules } from "./rules.ts";

type Overrides = NonNullable<ParseOptions["overrides"]>;

/**
 * Loads the configuration again on SIGHUP and when its file changes. A file with mistakes never replaces a good one; what
 * needs a restart is said and left as it is. Time intervals of routes are resolved ahead, and so again before they run out.
 *
 * @param ports `mark`: of the file, from before it was read for the start
 */
export function followConfig(
  file: string | undefined,
  overrides: Overrides,
  rooms: Rooms,
  ports: { clock: Clock; log: Log; telemetry: Telemetry; mark: string },
): { stop: () => void } {
  const { clock, log } = ports;
  let isInUse = true;
  ports.telemetry.gauge("tocsin_config_last_reload_successful", () => (isInUse ? 1 : 0));
  let tail: Promise<void> = Promise.resolve();
  const reload = (): void => {
    tail = tail
      .then(() => loadAgain(file, overrides, rooms, ports))
      .catch((error: unknown) => {
        log.error("the configuration could not be loaded again", { error: String(error) });
        return false;
      })
      .then((isLoaded) => void (isInUse = isLoaded));
  };
  const watch =
    file === undefined
      ? undefined
      : new FileWatch([resolve(file)], {
          clock,
          marks: new Map([[resolve(file), ports.mark]]),
          onChange: reload,
          onTrouble: (reason) => log.warn("changes of the configuration file are seen late", { reason }),
        });
  process.on("SIGHUP", reload);
  let cancel: () => void = () => undefined;
  const extend = (): void => {
    cancel = clock.after(TIME_INTERVALS_AHEAD_MS / 4, () => {
      void submitSettings(rooms, rooms.current.config, ports);
      extend();
    });
  };
  extend();
  return {
    stop: () => {
      process.off("SIGHUP", reload);
      watch?.close();
      cancel();
    },
  };
}

/** Gives back whether all of it is in use now. */
async function loadAgain(
  file: string | undefined,
  overrides: Overrides,
  rooms: Rooms,
  ports: { clock: Clock; log: Log },
): Promise<boolean> {
  const { log } = ports;
  const loaded = loadConfig(file, overrides);
  for (const { severity, code, message, hint, line, column } of loaded.findings)
    log[severity === "error" ? "error" : "warn"]("the configuration has a mistake", {
      severity,
      code,
      file,
      line,
      column,
      found: message,
      hint,
    });
  if (loaded.status === "invalid") {
    log.error("the configuration has errors; the one before stays", { file });
    return false;
  }
  const { config } = loaded;
  const { current } = rooms;
  for (const key of restartNeeded(current.config, config))
    log.warn("this change takes effect after a restart", { key });
  const rules = await loadRules(config.rules);
  const rulesFit = rules.findings.every(({ severity }) => severity !== "error");
  if (!rulesFit) log.error("the rules have errors; those before stay", { findings: rules.findings });
  if (!(await submitSettings(rooms, config, ports))) return false;
  const agents = await loadAgentConfiguration(config);
  const agentsFit = !hasErrors(agents.findings);
  if (!agentsFit)
    log.error("the configuration for agents has errors; the one before stays", { findings: agents.findings });
  else current.agents = agents.entries;
  const before = current.connectors;
  current.config = config;
  current.connectors = createConnectors(config, rooms.connectorSources);
  if (!rooms.access.replace(authOf(config))) log.warn("this change takes effect after a restart", { key: "auth" });
  rooms.housekeeping.keep(config.retention);
  rooms.delivery.replaceConnectors(current.connectors.byReceiver);
  await before.close();
  if (rulesFit && rules.agentRules !== current.rules.agentRules) {
    current.rules = rules;
    rooms.series.setDetector(rules.detector);
  } else if (rulesFit) current.rules = { ...current.rules, runbooks: rules.runbooks };
  await rooms.cmdb.reconfigure(cmdbSettings(config));
  log.info("the configuration was loaded again", { file });
  return rulesFit && agentsFit;
}

async function submitSettings(
  { partition }: Rooms,
  config: TocsinConfig,
  { clock, log }: { clock: Clock; log: Log },
): Promise<boolean> {
  const result = await partition.submit([{ kind: "settings", settings: coreSettings(config, clock.now()) }], "command");
  if (result.status === "committed") return true;
  log.error("the new configuration could not be stored; the one before stays", { status: result.status });
  return false;
}
