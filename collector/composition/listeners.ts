import type { IngestConfig } from "../port/ingest-config.ts";
import type { IngestPorts } from "../port/ingest.ts";
import { snmpOf, syslogOf } from "./ingest-settings.ts";

/** What listens beside HTTP. */
export interface Listeners {
  close: () => Promise<void>;
}

/** Loads and starts what the configuration asks for. Throws, with nothing left open, when an address cannot be listened on. */
export async function startListeners(config: IngestConfig, ports: IngestPorts): Promise<Listeners> {
  const open: { close: () => Promise<void> }[] = [];
  const close = async (): Promise<void> => {
    for (const listener of open) await listener.close();
  };
  const syslog = syslogOf(config);
  const snmp = snmpOf(config);
  try {
    if (syslog !== undefined) {
      const { startSyslog } = await import("../ingest/syslog/listener.ts");
      open.push(await startSyslog(ports, syslog));
    }
    if (snmp !== undefined) {
      const { startSnmp } = await import("../ingest/snmp/listener.ts");
      open.push(await startSnmp(ports, snmp));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { close };
}
