/**
 * A native event as it goes over the wire to `POST /api/v1/events` (one object or an array).
 * Durations as `30s`, `5m`; times RFC 3339. Unknown keys pass.
 */
export interface WireEvent {
  /** Unique within `source`; a second one with the same id is a transport repeat. */
  id?: string;
  source: string;
  ci: string;
  check: string;
  instance?: string;
  status: "firing" | "resolved";
  severity: "critical" | "major" | "minor" | "warning" | "info";
  summary: string;
  time?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  links?: { href: string; text: string }[];
  kind?: "alert" | "change";
  /** The alert resolves by itself when it was not repeated for this long. */
  expiresAfter?: string;
}
