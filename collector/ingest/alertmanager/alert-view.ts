import type { Alert } from "../../core/model/alert.ts";
import type { Labels } from "../../core/model/event.ts";
import type { Silence } from "../../core/model/silence.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import type { Query } from "../../port/query.ts";
import { alertLabel } from "../../core/model/alert-label.ts";
import type { LabelOf } from "../../core/model/matcher.ts";
import { compileMatchers } from "../matcher.ts";
import { fingerprint } from "../label-fingerprint.ts";
import { fingerprintOfInstance, GENERATOR, ALERTMANAGER } from "../prometheus-alert.ts";

/** The receiver of alerts that no route matches: Alertmanager's clients expect every alert to have one. */
export const UNROUTED = "unrouted";

/** Alertmanager's words: not yet looked at, on its way to people, or muted. */
export type AlertState = "unprocessed" | "active" | "suppressed";

/** How an alert stands, in Alertmanager's terms. */
export interface AlertStanding {
  state: AlertState;
  /** Ids of silences. */
  silencedBy: readonly string[];
  /** Fingerprints of inhibiting alerts, and CIs behind which it cannot be observed. */
  inhibitedBy: readonly string[];
  /** Ids of maintenance windows. */
  mutedBy: readonly string[];
}

/** Labels as an Alertmanager client sees them: as sent for alerts that came as such, made up from the identity for others. */
export function shownLabels(alert: Readonly<Alert>): Labels {
  if (alert.source === ALERTMANAGER) return alert.labels;
  const own: Record<string, string> = { alertname: alert.check, ci: alert.ci };
  if (alert.instance !== "") own["instance"] = alert.instance;
  own["severity"] = alert.severity;
  own["source"] = alert.source;
  return { ...own, ...alert.labels };
}

export function fingerprintOf(alert: Readonly<Alert>): string {
  const known = alert.source === ALERTMANAGER ? fingerprintOfInstance(alert.instance) : undefined;
  return known ?? fingerprint(shownLabels(alert));
}

const NONE: readonly string[] = [];
const ACTIVE: AlertStanding = { state: "active", silencedBy: NONE, inhibitedBy: NONE, mutedBy: NONE };
const UNPROCESSED: AlertStanding = { ...ACTIVE, state: "unprocessed" };

/** Tells how alerts stand at one moment; make one for each request. */
export class StandingReader {
  private readonly silences: { id: string; matches: (labelOf: LabelOf) => boolean }[];
  private readonly query: Pick<Query, "liveAlerts">;
  private prints: Map<string, string> | undefined;

  constructor(query: Pick<Query, "liveAlerts" | "silences">, now: UnixMillis) {
    this.query = query;
    this.silences = query
      .silences()
      .filter((silence) => silence.startsAt <= now && now < silence.endsAt)
      .map((silence: Silence) => ({ id: silence.id, matches: compileMatchers(silence.matchers) }));
  }

  /** A new silence shows at once, also before the core has looked at the alert again. */
  read(alert: Readonly<Alert>): AlertStanding {
    const { suppressedBy } = alert;
    const labelOf: LabelOf = (name) => alertLabel(alert, name);
    const silencedBy =
      this.silences.length === 0
        ? NONE
        : this.silences.filter((silence) => silence.matches(labelOf)).map((silence) => silence.id);
    if (suppressedBy.length === 0 && silencedBy.length === 0 && alert.status !== "unobserved")
      return alert.status === "pending" ? UNPROCESSED : ACTIVE;
    const inhibitedBy = this.inhibitors(suppressedBy);
    const mutedBy = named(suppressedBy, "maintenance:");
    const muted = silencedBy.length + inhibitedBy.length + mutedBy.length > 0 || alert.status === "unobserved";
    const state = muted ? "suppressed" : alert.status === "pending" ? "unprocessed" : "active";
    return { state, silencedBy, inhibitedBy, mutedBy };
  }

  private inhibitors(suppressedBy: readonly string[]): readonly string[] {
    const alerts = named(suppressedBy, "inhibition:").map((id) => this.printOf(id));
    return [...alerts, ...named(suppressedBy, "dependency:")];
  }

  /** Inhibition is rare: the table is made when the first one is met. */
  private printOf(id: string): string {
    this.prints ??= new Map(Array.from(this.query.liveAlerts(), (alert) => [alert.id, fingerprintOf(alert)]));
    return this.prints.get(id) ?? id;
  }
}

function named(suppressedBy: readonly string[], prefix: string): readonly string[] {
  if (suppressedBy.length === 0) return NONE;
  return suppressedBy.filter((reason) => reason.startsWith(prefix)).map((reason) => reason.slice(prefix.length));
}

/** Names of the receivers of an alert; never empty. Alerts of one incident have the same ones. */
export class ReceiverReader {
  private readonly query: Pick<Query, "receiversOf">;
  private readonly byIncident = new Map<string, readonly string[]>();

  constructor(query: Pick<Query, "receiversOf">) {
    this.query = query;
  }

  read(alert: Readonly<Alert>): readonly string[] {
    if (alert.incident === null) return this.ask(alert);
    let receivers = this.byIncident.get(alert.incident);
    if (receivers === undefined) {
      receivers = this.ask(alert);
      this.byIncident.set(alert.incident, receivers);
    }
    return receivers;
  }

  private ask(alert: Readonly<Alert>): readonly string[] {
    const receivers = this.query.receiversOf(alert);
    return receivers.length === 0 ? [UNROUTED] : receivers;
  }
}

const iso = (at: UnixMillis): string => new Date(at).toISOString();

/**
 * The JSON of a gettableAlert. Written by hand because a list of 100,000 is written in one go and must not be built
 * as objects first.
 *
 * @param endsAt when it would time out.
 */
export function alertJson(
  alert: Readonly<Alert>,
  standing: AlertStanding,
  receivers: readonly string[],
  endsAt: UnixMillis,
): string {
  const generator = alert.links.find((link) => link.text === GENERATOR)?.href;
  const status =
    standing === ACTIVE ? '{"inhibitedBy":[],"mutedBy":[],"silencedBy":[],"state":"active"}' : JSON.stringify(standing);
  return (
    `{"annotations":${JSON.stringify(alert.annotations)},"endsAt":"${iso(endsAt)}",` +
    `"fingerprint":"${fingerprintOf(alert)}","receivers":[${receivers.map(receiverJson).join(",")}],` +
    `"startsAt":"${iso(alert.occurredAt)}","status":${status},"updatedAt":"${iso(alert.lastSeenAt)}",` +
    (generator === undefined ? "" : `"generatorURL":${JSON.stringify(generator)},`) +
    `"labels":${JSON.stringify(shownLabels(alert))}}`
  );
}

export const receiverJson = (name: string): string => `{"name":${JSON.stringify(name)}}`;
