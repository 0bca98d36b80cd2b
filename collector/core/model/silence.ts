import type { UnixMillis } from "./time.ts";

/** Alertmanager's matcher: `=`, `!=`, `=~`, `!~`. Also matches the pseudo labels ci, source, check, instance, severity. */
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
