import type { WatchConfig } from "../config/agent-config.ts";
import type { HostFiles } from "../sample/host-files.ts";
import type { Watch, WatchContext } from "./check.ts";
import { createPortWatch } from "./ports.ts";
import { createProcessWatch } from "./processes.ts";
import { createUnitWatch } from "./units.ts";

/** Every watch that the administrator asked for. */
export function createWatches(context: WatchContext, files: HostFiles, config: WatchConfig): Watch[] {
  const watches: Watch[] = config.ports.map((port) => createPortWatch(context, port));
  if (config.processes.length > 0) watches.push(createProcessWatch(context, files, config.processes));
  if (config.units.length > 0) watches.push(createUnitWatch(context, files, config.units));
  return watches;
}
