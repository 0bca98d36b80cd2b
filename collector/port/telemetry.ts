/** Structured log: a short event name in words and fields; the adapter redacts secrets. */
export interface Log {
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/**
 * Own metrics, by the names that stand in `collector/telemetry/metrics.ts` (one table: name, type, help, label names).
 * Label values come from closed lists: never a CI, an id or a message.
 */
export interface Telemetry {
  count(metric: string, labels?: Readonly<Record<string, string>>, by?: number): void;
  observe(metric: string, value: number, labels?: Readonly<Record<string, string>>): void;
  /** `read` is called at each scrape. */
  gauge(metric: string, read: () => number | { labels: Readonly<Record<string, string>>; value: number }[]): void;
}
