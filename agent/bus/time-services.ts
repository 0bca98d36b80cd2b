import type { Clock } from "../clock.ts";
import type { Tracking } from "../sample/tracking.ts";
import type { BusValue } from "./bus-value.ts";
import { onBus } from "./system-bus.ts";

const TIMESYNC = "org.freedesktop.timesync1";
const TIMEDATE = "org.freedesktop.timedate1";
const MICROSECONDS = 1_000_000;
/** By how much the kernel lets the error grow while it hears nothing: 500 millionths (MAXFREQ of its timex.h). */
const DRIFT_MAX = 500e-6;
/** From this error on the kernel calls a clock unsynchronised (NTP_PHASE_LIMIT). */
const UNSYNCHRONIZED_FROM_SECONDS = 16;
const NO_LEAP = 3;
/** systemd-timesyncd sets the clock from here on at once (NTP_MAX_ADJUST) … */
const STEPPED_FROM_SECONDS = 0.4;
/** … and lets the kernel take away what is less, in each second one part of so many at its slowest pace (time constant 6). */
const SLEWED_WITHIN_SECONDS = 256;

/** systemd-timesyncd's newest packet of its time server; null where it does not run or has got none. */
export async function askTimesyncd(clock: Clock, path?: string): Promise<Tracking | null> {
  const value = await property(clock, {
    path,
    service: TIMESYNC,
    interface: `${TIMESYNC}.Manager`,
    property: "NTPMessage",
  });
  return Array.isArray(value) ? trackingOf(value as readonly BusValue[], clock.now()) : null;
}

/**
 * Whether the kernel holds its clock for synchronised, whoever does it; null where nobody tells. Starts systemd-timedated, which ends by itself
 * after half a minute.
 */
export async function askTimedated(clock: Clock, path?: string): Promise<boolean | null> {
  const value = await property(clock, {
    path,
    service: TIMEDATE,
    interface: TIMEDATE,
    property: "NTPSynchronized",
    mayStart: true,
  });
  return typeof value === "boolean" ? value : null;
}

interface Asked {
  path: string | undefined;
  service: string;
  interface: string;
  property: string;
  mayStart?: boolean;
}

async function property(clock: Clock, asked: Asked): Promise<BusValue | null> {
  const { path, service, mayStart = false } = asked;
  const object = { destination: service, path: `/${service.replaceAll(".", "/")}`, interface: asked.interface };
  const found = await onBus({ clock, ...(path === undefined ? {} : { path }) }, (bus) =>
    bus.get(object, asked.property, mayStart),
  );
  const answer = "result" in found ? found.result : found;
  return "values" in answer ? (answer.values[0] ?? null) : null;
}

/** The message, as RFC 5905 reckons with it; its error grows from when it came. */
function trackingOf(message: readonly BusValue[], now: number): Tracking | null {
  const [leap, , , , , delay, dispersion, , sent, taken, answered, came, , count, jitter] = message.map((each) =>
    typeof each === "number" ? each / MICROSECONDS : Number.NaN,
  );
  if (message.length !== 15 || count === 0 || Number.isNaN(came)) return null;
  const isSpike = message[12] === true;
  const found = (taken! - sent! + (answered! - came!)) / 2;
  const roundTrip = came! - sent! - (answered! - taken!);
  const ageSeconds = Math.max(0, now / 1000 - came!);
  // What is left of what was found; of a packet that the service itself passed over nothing is known.
  const left = Math.abs(found) >= STEPPED_FROM_SECONDS ? 0 : found * Math.exp(-ageSeconds / SLEWED_WITHIN_SECONDS);
  const errorSeconds =
    (isSpike ? jitter! : Math.abs(left)) +
    Math.max(0, roundTrip) / 2 +
    delay! / 2 +
    dispersion! +
    ageSeconds * DRIFT_MAX;
  return {
    synchronized: leap! * MICROSECONDS !== NO_LEAP && errorSeconds < UNSYNCHRONIZED_FROM_SECONDS,
    offsetSeconds: isSpike ? Number.NaN : left,
    errorSeconds,
    estimatedErrorSeconds: jitter!,
  };
}
