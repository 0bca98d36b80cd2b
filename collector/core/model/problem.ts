import type { CiId } from "./ci.ts";
import type { IncidentId } from "./identity.ts";
import type { UnixMillis } from "./time.ts";

/** The recurring incidents of one root cause. */
export interface Problem {
  id: string;
  rootCause: CiId;
  /** Oldest first, at most 100. */
  incidents: IncidentId[];
  firstAt: UnixMillis;
  lastAt: UnixMillis;
  count: number;
  /** The last resolving note or change: what fixed it last time. */
  lastFix: string | null;
}
