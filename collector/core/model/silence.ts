import type { UnixMillis } from "./time.ts";

/** Alertmanager's matcher: `=`, `!=`, `=~`, `!~`. See `alertLabel` for what it is compared with. */
export interface Matcher {
  name: string;
  value: string;
  isRegex: boolean;
  isEqual: boolean;
}

/** A person's mute on matchers. A resolve always passes. */
export interface Silence {
  id: string;
  matchers: Matcher[];
  startsAt: UnixMillis;
  endsAt: UnixMillis;
  createdBy: string;
  comment: string;
  createdAt: UnixMillis;
  updatedAt: UnixMillis;
  /** As Alertmanager's clients send them; kept, never read. */
  annotations?: Readonly<Record<string, string>>;
}
