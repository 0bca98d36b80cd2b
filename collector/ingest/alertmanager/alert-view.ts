import type { Alert } from "../../core/model/alert.ts";
import type { Labels } from "../../core/model/event.ts";
import type { Silence } from "../../core/model/silence.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import { ALERTMANAGER, fingerprintOfInstance, isPosted } from "../../core/model/posted-alert.ts";
import type { Query } from "../../port/query.ts";
import { alertLabel } from "../../core/model/alert-label.ts";
import type { LabelOf } from "../../core/model/matcher.ts";
import { compileMatchers } from "../matcher.ts";
import { fingerprint } from "../label-fingerprint.ts";
import { GENERATOR } from "../prometheus-alert.ts";

/** The receiver of alerts that no route matches: Alertmanager's clients expect every alert to have one. */
export const UNROUTED = "unrouted";

/** Alertmanager's words: not yet looked at, on its way to people, or muted. */
export type AlertState = "unprocessed" | "active" | "suppressed";

/** How an alert stands, in Alertmanager's terms. */
export interface AlertStanding {
  /** Fingerprints of inhibiting alerts, and CIs behind which it cannot be observed. */
  inhibitedBy: readonly string[];
  /** Ids of maintenance windows. */
  mutedBy: readonly string[];
  /** Ids of silences. */
  silencedBy: readonly string[];
  state: AlertState;
}

/** Labels as an Alertmanager client sees them: as sent for alerts that came as such, made up from the identity for others. */
export function shownLabels(alert: Readonly<Alert>): Labels {
  if (isPosted(alert)) return alert.labels;
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
const NOBODY: readonly string[] = [UNROUTED];
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
    const silencedBy = this.silences.length === 0 ? NONE : this.silencersOf(alert);
    if (suppressedBy.length === 0 && silencedBy.length === 0 && alert.status !== "unobserved")
      return alert.status === "pending" ? UNPROCESSED : ACTIVE;
    const inhibitedBy = this.inhibitors(suppressedBy);
    const mutedBy = named(suppressedBy, "maintenance:");
    const muted = silencedBy.length + inhibitedBy.length + mutedBy.length > 0 || alert.status === "unobserved";
    const state = muted ? "suppressed" : alert.status === "pending" ? "unprocessed" : "active";
    return { state, silencedBy, inhibitedBy, mutedBy };
  }

  private silencersOf(alert: Readonly<Alert>): readonly string[] {
    const labelOf: LabelOf = (name) => alertLabel(alert, name);
    return this.silences.filter((silence) => silence.matches(labelOf)).map((silence) => silence.id);
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

/** Names of the receivers of an alert; never empty. */
export class ReceiverReader {
  private readonly query: Pick<Query, "receiversOf">;
  /** By the names: there are few combinations, and thousands of incidents. */
  private readonly shown = new Map<string, readonly Named[]>();

  constructor(query: Pick<Query, "receiversOf">) {
    this.query = query;
  }

  read(alert: Readonly<Alert>): readonly string[] {
    const receivers = this.query.receiversOf(alert);
    return receivers.length === 0 ? NOBODY : receivers;
  }

  /** As clients are shown them. */
  named(alert: Readonly<Alert>): readonly Named[] {
    const names = this.read(alert);
    const [first = ""] = names;
    const key = names.length === 1 ? first : names.join("\n");
    const known = this.shown.get(key);
    if (known !== undefined) return known;
    const named = names.map((name) => ({ name }));
    this.shown.set(key, named);
    return named;
  }
}

/** Most alerts of a list have times that others have as well. */
const TIMES_MAX = 4_096;

/** Times as text, RFC 3339 with milliseconds. */
export class TimeWriter {
  private readonly known = new Map<UnixMillis, string>();

  text(at: UnixMillis): string {
    const known = this.known.get(at);
    if (known !== undefined) return known;
    if (this.known.size >= TIMES_MAX) this.known.clear();
    const text = new Date(at).toISOString();
    this.known.set(at, text);
    return text;
  }
}

export interface Named {
  name: string;
}

/** A gettableAlert; parts of it are the alert's own. */
export interface ShownAlert {
  annotations: Labels;
  endsAt: string;
  fingerprint: string;
  receivers: readonly Named[];
  startsAt: string;
  status: AlertStanding;
  updatedAt: string;
  /** Left out of the JSON where there is none. */
  generatorURL: string | undefined;
  labels: Labels;
}

export function generatorOf({ links }: Readonly<Alert>): string | undefined {
  for (const link of links) if (link.text === GENERATOR) return link.href;
  return undefined;
}
