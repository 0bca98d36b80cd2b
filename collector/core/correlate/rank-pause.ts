import type { Ranking } from "../model/correlation.ts";
import type { Incident } from "../model/incident.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";

/** What was not worth a page yet may be so by now. */
export function isPageDue(last: { at: UnixMillis; ranking: Ranking }, at: UnixMillis): boolean {
  return last.ranking.pageAfterMs > 0 && at >= last.at + last.ranking.pageAfterMs;
}

/** People are about to be told: by what is known now, not by what was known some seconds ago. */
export function isHoldOver({ holdUntil }: Readonly<Incident>, rankedAt: UnixMillis, at: UnixMillis): boolean {
  return holdUntil !== null && at >= holdUntil && rankedAt < holdUntil;
}

/** Verdicts on large incidents are dear, and one more alert changes them little. */
export function rankPause(members: number): Milliseconds {
  if (members <= 8) return 0;
  return members <= 40 ? 3_000 : members <= 200 ? 10_000 : 30_000;
}
