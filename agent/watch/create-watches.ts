import { join } from "node:path";
import type { ChangesConfig, WatchConfig } from "../config/agent-config.ts";
import type { Sockets } from "../discover/socket-table.ts";
import type { HostFiles } from "../sample/host-files.ts";
import type { ProcessFocus } from "../sample/process-focus.ts";
import { certificateFacts, type SeenCertificates } from "./changes/certificate-facts.ts";
import { type ChangesContext, createChangeWatch, factSources, statePathOf } from "./changes/changes.ts";
import type { Watch, WatchContext } from "./check.ts";
import { createPortWatch } from "./ports.ts";
import { createProcessWatch } from "./processes.ts";
import { createUnitWatch } from "./units.ts";

export interface Watched {
  files: HostFiles;
  focus: ProcessFocus;
  certificates: SeenCertificates;
  config: WatchConfig;
  dataDir: string;
}

/** Every watch that the administrator asked for. What few ask for is loaded only for them. */
export async function createWatches(
  context: WatchContext,
  { files, focus, certificates, config, dataDir }: Watched,
): Promise<Watch[]> {
  const watches: Watch[] = config.ports.map((port) => createPortWatch(context, port));
  if (config.processes.length > 0) watches.push(createProcessWatch(context, { files, focus }, config.processes));
  if (config.units.length > 0) watches.push(createUnitWatch(context, files, config.units));
  if (config.logs.length > 0) {
    const { createLogWatch } = await import("./logs.ts");
    watches.push(await createLogWatch(context, config.logs, join(dataDir, "log-places.json")));
  }
  if (config.journal.length > 0) {
    const { createJournalWatch } = await import("./journal/journal-watch.ts");
    watches.push(await createJournalWatch(context, config.journal, join(dataDir, "journal-places.json")));
  }
  if (config.http.length > 0) {
    const { createHttpWatch } = await import("./http.ts");
    watches.push(...config.http.map((watch) => createHttpWatch(context, watch)));
  }
  if (config.certificates.length > 0) {
    const { createCertificateWatch } = await import("./certificate.ts");
    watches.push(...config.certificates.map((watch) => createCertificateWatch(context, watch, certificates)));
  }
  if (config.dns.length > 0) {
    const { createDnsWatch } = await import("./dns.ts");
    watches.push(...config.dns.map((watch) => createDnsWatch(context, watch)));
  }
  if (config.ping.length > 0) {
    const { createPingWatch } = await import("./ping.ts");
    watches.push(...config.ping.map((watch) => createPingWatch(context, watch)));
  }
  if (config.plugins.length > 0) {
    const { createPluginWatch } = await import("./plugins.ts");
    watches.push(...config.plugins.map((watch) => createPluginWatch(context, watch)));
  }
  return watches;
}

/** What changes on the host, told as events; not part of the watches that raise alerts. */
export function createChanges(
  context: Omit<ChangesContext, "folder">,
  { files, certificates, config, dataDir }: Omit<Watched, "focus">,
  { sockets, changes }: { sockets: Sockets; changes: ChangesConfig },
): Watch {
  const names = config.certificates.map(({ name }) => name);
  const ofCertificates =
    names.length === 0 ? null : certificateFacts(certificates, names, statePathOf(dataDir, "certificates"));
  const sources = factSources(changes, { files, sockets, certificates: ofCertificates });
  return createChangeWatch({ ...context, folder: dataDir }, sources, changes.everyMs);
}
