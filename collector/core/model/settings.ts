import type { Matcher } from "./silence.ts";
import type { Priority, Severity } from "./severity.ts";
import type { Milliseconds } from "./time.ts";

export interface CorrelationSettings {
  /** The first notification waits at least this long, so that a storm can gather … */
  settleMinMs: Milliseconds;
  /** … and at most this long. */
  settleMaxMs: Milliseconds;
  /** All alerts clear for this long → the incident resolves. */
  resolveAfterMs: Milliseconds;
  /** The same fault again within this time reopens the resolved incident; afterwards the incident closes. */
  reopenWithinMs: Milliseconds;
  /** An alert not heard of for this long expires, unless its event said otherwise. */
  alertTtlMs: Milliseconds;
  /** A suppressed child stays unobserved at most this long. */
  suppressMaxMs: Milliseconds;
  /** After a parent's recovery its children get this long to clear before they may page. */
  recoverySettleMs: Milliseconds;
}

/** As in Alertmanager: a firing alert that matches `source` mutes those that match `target` with equal values of `equal`. */
export interface Inhibition {
  source: Matcher[];
  target: Matcher[];
  equal: string[];
}

/** A weekly time interval in one zone, resolved by the shell to plain minutes so that the core needs no time zone data. */
export interface RouteMatch {
  /** CIs of business services hit; any of. */
  services?: string[];
  owners?: string[];
  severities?: Severity[];
  priorities?: Priority[];
  /** Matchers on labels of the root CI and of member alerts; all must match. */
  matchers?: Matcher[];
  /** Names of time intervals of the settings, any of which must be active. */
  times?: string[];
}

/** First match wins unless `continue`; an incident that no route matches goes to no one, and the ledger says so. */
export interface Route {
  match: RouteMatch;
  receivers: string[];
  continue: boolean;
}

/** Spans of UTC time in which a named interval is active, computed ahead by the shell, ascending. */
export interface TimeInterval {
  name: string;
  spans: { from: number; to: number }[];
}

/** The part of the configuration on which decisions depend; plain data, so that replay can run others. */
export interface CoreSettings {
  correlation: CorrelationSettings;
  inhibitions: Inhibition[];
  routes: Route[];
  timeIntervals: TimeInterval[];
  limits: {
    /** Active alerts in memory; more are refused with a reason. */
    alertsMax: number;
    /** Event ids remembered to recognise a repeat. */
    eventIdsMax: number;
    /** Resolved alerts kept in memory, least recently seen go first. */
    resolvedAlertsMax: number;
  };
}

export const DEFAULT_SETTINGS: CoreSettings = {
  correlation: {
    settleMinMs: 10_000,
    settleMaxMs: 30_000,
    resolveAfterMs: 60_000,
    reopenWithinMs: 3_600_000,
    alertTtlMs: 24 * 3_600_000,
    suppressMaxMs: 4 * 3_600_000,
    recoverySettleMs: 5 * 60_000,
  },
  inhibitions: [],
  routes: [],
  timeIntervals: [],
  limits: { alertsMax: 1_000_000, eventIdsMax: 1_000_000, resolvedAlertsMax: 200_000 },
};
