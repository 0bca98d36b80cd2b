import type { AgentConfig } from "../config/agent-config.ts";
import type { Watch } from "../watch/check.ts";
import type { DiscoveryOptions } from "./discovery.ts";

/** What looks at the neighbours, where the administrator wants that; loaded for those alone. */
export async function createDiscovery(
  options: Omit<DiscoveryOptions, "everyMs" | "probedPorts">,
  config: AgentConfig,
): Promise<Watch[]> {
  if (config.discover === null || process.platform !== "linux") return [];
  const { Discovery } = await import("./discovery.ts");
  const probedPorts = [
    ...config.watch.ports.map((each) => each.port),
    ...config.watch.certificates.map((each) => each.port),
    ...config.watch.http.map((each) => portOfUrl(each.url)),
  ];
  return [new Discovery({ ...options, everyMs: config.discover.everyMs, probedPorts })];
}

function portOfUrl(url: string): number {
  const { port, protocol } = new URL(url);
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}
