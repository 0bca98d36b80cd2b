import type { Severity } from "./severity.ts";
import type { Milliseconds, UnixMillis } from "./time.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Link {
  href: string;
  text: string;
}

/**
 * One message from one source, normalised: a condition fires or clears on a CI, or a change happened.
 *
 * `id` is unique within `source`; ingest gives one made from content where the sender sent none, and then
 * `idGiven` is false: such an event is a re-notification, never a transport repeat.
 */
export interface Event {
  id: string;
  idGiven: boolean;
  source: string;
  /** As the source names it: id, name or alias; the core resolves it. */
  ci: string;
  check: string;
  /** "" where the check has only one instance on the CI. */
  instance: string;
  kind: "alert" | "change";
  status: "firing" | "resolved";
  severity: Severity;
  summary: string;
  /** The source's clock: for order and display, never trusted for liveness. */
  occurredAt: UnixMillis;
  /**
   * When the condition began, where the source tells that apart from the time of its message (Alertmanager's
   * `startsAt`). It wins over the annotation `since`; absent = as `since` or `occurredAt` say.
   */
  since?: UnixMillis;
  labels: Labels;
  annotations: Labels;
  links: readonly Link[];
  /**
   * The alert clears by itself this long after the last firing event; null = the default TTL of the settings. 0 with
   * `expiresAt`: that moment stays when a later event gives an earlier one.
   */
  expiresAfterMs: Milliseconds | null;
  /** Where the source gives the moment itself (Alertmanager's `endsAt`), that moment; it wins over `expiresAfterMs`. */
  expiresAt?: UnixMillis;
}
