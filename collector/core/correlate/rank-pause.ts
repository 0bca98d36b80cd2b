import type { Incident } from "../model/incident.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Ranked } from "./threads.ts";

/** What was not worth a page yet may be so by now. */
export function isPageDue(last: Pick<Ranked, "at" | "pageAfterMs">, at: UnixMillis): boolean {
  return last.pageAfterMs > 0 && at >= last.at + last.pageAfterMs;
}

/** People are about to be told: by what is known now, not by what was known some seconds ago. */
export function isHoldOver({ holdUntil }: Readonly<Incident>, rankedAt: UnixMillis, at: UnixMillis): boolean {
  return holdUntil !== null && at >= holdUntil && rankedAt < holdUntil;
}

/** What people were woken for, and stands for longer than this, is weighed again less and less often … */
const OLD_MS: Milliseconds = 60 * 60_000;
/** … each time after so much of its age beyond that. */
const OLD_SHARE = 0.05;

/**
 * Verdicts on large incidents are dear, and one more alert changes them little.
 *
 * @param age since it began, if it is worth a page; what is not may become so at any time: 0
 */
export function rankPause(members: number, age: Milliseconds): Milliseconds {
  if (members <= 8) return 0;
  const pause = members <= 40 ? 3_000 : members <= 200 ? 10_000 : 30_000;
  return Math.max(pause, Math.round(OLD_SHARE * (age - OLD_MS)));
}
