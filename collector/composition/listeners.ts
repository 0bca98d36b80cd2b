import { startSnmp } from "../ingest/snmp/listener.ts";
import { startSyslog } from "../ingest/syslog/listener.ts";
import type { IngestConfig } from "../port/ingest-config.ts";
import type { IngestPorts } from "../port/ingest.ts";
import { snmpOf, syslogOf } from "./ingest-settings.ts";

/** What listens beside HTTP. */
export interface Listeners {
  close: () => Promise<void>;
}

/** Starts what the configuration asks for. Throws, with nothing left open, when an address cannot be listened on. */
export async function startListeners(config: IngestConfig, ports: IngestPorts): Promise<Listeners> {
  const open: { close: () => Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const listener of open) await listener.close();
  };
  const syslog = syslogOf(config);
  const snmp = snmpOf(config);
  try {
    if (syslog !== undefined) open.push(await startSyslog(ports, syslog));
    if (snmp !== undefined) open.push(await startSnmp(ports, snmp));
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}
