import type { Alert } from "../../core/model/alert.ts";
import type { Severity } from "../../core/model/severity.ts";
import type { IngestPorts } from "../../port/ingest.ts";
import { type EventDraft, eventOfDraft } from "../event-draft.ts";
import { OpenAlerts } from "../open-alerts.ts";
import { submitCommand, submitEvents } from "../submit.ts";
import { INTEGRATION_LABEL, KEY_LABEL } from "./event.ts";

type Draft = Omit<EventDraft, "status" | "labels"> & { labels: Record<string, string> };

/**
 * Alerts that senders know by a key of their own, within their integration: what is triggered under a key stays one
 * alert until it is resolved under it, whatever else the sender says.
 */
export class AlertDesk {
  private readonly ports: IngestPorts;
  private readonly adapter: string;
  private readonly source: string;
  private readonly open: OpenAlerts;

  constructor(ports: IngestPorts, adapter: string, source: string) {
    this.ports = ports;
    this.adapter = adapter;
    this.source = source;
    this.open = new OpenAlerts(ports, (alert) =>
      alert.source === source && alert.labels[KEY_LABEL] !== undefined
        ? keyOf(alert.labels[INTEGRATION_LABEL] ?? "", alert.labels[KEY_LABEL])
        : undefined,
    );
  }

  async trigger(integration: string, key: string, draft: Draft): Promise<void> {
    const known = this.open.find(keyOf(integration, key));
    const identity = known ?? { ci: draft.ci, check: draft.check, instance: key };
    const labels = { ...draft.labels, [KEY_LABEL]: key, [INTEGRATION_LABEL]: integration };
    // Before it is stored: a second trigger may come meanwhile, and must not become another alert.
    this.open.remember(keyOf(integration, key), identity);
    await this.submit({ ...draft, ...identity, labels, status: "firing" });
  }

  /** Ends the alert; nothing happens where none is open under the key. */
  async resolve(integration: string, key: string, draft: Draft): Promise<boolean> {
    const known = this.open.find(keyOf(integration, key));
    if (known === undefined) return false;
    const labels = { ...draft.labels, [KEY_LABEL]: key, [INTEGRATION_LABEL]: integration };
    await this.submit({ ...draft, ...known, labels, status: "resolved" });
    this.open.forget(keyOf(integration, key), known);
    return true;
  }

  /** Somebody at the sender's side has taken it: the incident of the alert is acknowledged. */
  async acknowledge(integration: string, key: string, note: string | undefined): Promise<boolean> {
    const incident = this.alert(integration, key)?.incident ?? null;
    if (incident === null) return false;
    const command = { type: "acknowledge" as const, incident, ...(note === undefined ? {} : { note }) };
    await submitCommand(this.ports, integration, command);
    return true;
  }

  async note(integration: string, key: string, text: string): Promise<boolean> {
    const incident = this.alert(integration, key)?.incident ?? null;
    if (incident === null) return false;
    await submitCommand(this.ports, integration, { type: "note", incident, text });
    return true;
  }

  /** The same alert again with other words. */
  async reword(
    integration: string,
    key: string,
    change: { summary?: string; description?: string; severity?: Severity | undefined },
  ): Promise<boolean> {
    const alert = this.alert(integration, key);
    if (alert === undefined) return false;
    const { ci, check, instance, labels, links } = alert;
    const severity = change.severity ?? alert.severity;
    const annotations =
      change.description === undefined ? alert.annotations : { ...alert.annotations, description: change.description };
    const summary = change.summary ?? alert.summary;
    const identity = { source: this.source, ci, check, instance };
    await this.submit({ ...identity, severity, summary, labels, annotations, links, status: "firing" });
    return true;
  }

  private alert(integration: string, key: string): Readonly<Alert> | undefined {
    return this.open.alert(keyOf(integration, key));
  }

  private async submit(draft: EventDraft): Promise<void> {
    await submitEvents(this.ports, this.adapter, [eventOfDraft(draft, this.ports.clock.now())]);
  }
}

const keyOf = (integration: string, key: string): string => `${integration}\n${key}`;
