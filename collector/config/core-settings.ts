import type { CoreSettings } from "../core/model/settings.ts";
import type { Milliseconds, UnixMillis } from "../core/model/time.ts";
import type { TocsinConfig } from "./config.ts";
import { activeSpans } from "./time-span.ts";

/** Time intervals are resolved this far ahead; the settings must be made anew well before that, once a day is usual. */
export const TIME_INTERVALS_AHEAD_MS: Milliseconds = 40 * 86_400_000;
const BEHIND_MS: Milliseconds = 2 * 86_400_000;

/** The part of the configuration on which the core decides, at a time: plain data, without functions and secrets. */
export function coreSettings(config: TocsinConfig, now: UnixMillis): CoreSettings {
  return {
    correlation: { ...config.correlation },
    inhibitions: config.inhibitions,
    routes: config.routes,
    timeIntervals: config.timeIntervals.map(({ name, rules }) => ({
      name,
      spans: activeSpans(rules, now - BEHIND_MS, now + TIME_INTERVALS_AHEAD_MS),
    })),
    limits: {
      alertsMax: config.limits.activeAlertsMax,
      eventIdsMax: config.limits.eventIdsMax,
      resolvedAlertsMax: config.limits.resolvedAlertsMax,
    },
  };
}
