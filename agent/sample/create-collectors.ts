import type { Clock } from "../clock.ts";
import type { AgentConfig } from "../config/agent-config.ts";
import type { Sockets } from "../discover/socket-table.ts";
import type { Log } from "../log.ts";
import type { Collector, CollectorContext } from "./collector.ts";
import type { ProcessFocus } from "./process-focus.ts";
import { createLinuxCollectors } from "./linux.ts";
import { createPortableCollectors } from "./portable.ts";
import { createStatFs } from "./stat-fs.ts";

/** The collectors for the system that we run on. */
export function createCollectors(
  context: CollectorContext,
  { config, ...around }: { config: AgentConfig; clock: Clock; log: Log; sockets: Sockets; focus: ProcessFocus },
): Collector[] {
  const { disable, excludeMounts, rootPath, units, eachCpu, textfiles } = config.sample;
  if (process.platform === "linux") {
    const statFs = createStatFs(rootPath);
    return createLinuxCollectors(context, {
      ...around,
      statFs,
      disabled: disable,
      excludedMounts: excludeMounts,
      units,
      eachCpu,
      textfiles,
    });
  }
  const all = createPortableCollectors(context, {
    clock: around.clock,
    log: around.log,
    load: () => import("systeminformation"),
  });
  return all.filter((collector) => !disable.includes(collector.name));
}
