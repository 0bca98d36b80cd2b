import type { Incident } from "./model/incident.ts";
import type { CoreSettings } from "./model/settings.ts";
import type { UnixMillis } from "./model/time.ts";
import type { TimerQueue } from "./model/timer-queue.ts";
import type { Turn } from "./model/turn.ts";

/** What time intervals ask of the core's state. */
export interface IntervalState {
  settings: CoreSettings;
  timers: TimerQueue;
  incidents: { live(): Iterable<Incident> };
}

/** Wakes the core when the next span of a time interval begins: routes may match from then on. */
export function scheduleIntervals(state: IntervalState, at: UnixMillis): void {
  const used = new Set(state.settings.routes.flatMap((route) => route.match.times ?? []));
  state.timers.cancel(KEY);
  let next: UnixMillis | undefined;
  for (const { name, spans } of state.settings.timeIntervals) {
    if (!used.has(name)) continue;
    const begins = spans.find((span) => span.from > at)?.from;
    if (begins !== undefined && (next === undefined || begins < next)) next = begins;
  }
  if (next !== undefined) state.timers.schedule(KEY, next);
}

const KEY = "interval start";

/** Incidents that no route matched until now are looked at again. */
export function wakeIntervals(state: IntervalState, turn: Turn): void {
  for (const incident of state.incidents.live()) if (incident.told.length === 0) turn.lookAt(incident);
  scheduleIntervals(state, turn.at);
}
