import type { Milliseconds, UnixMillis } from "../../core/model/time.ts";

/** Somebody was seen calling a port of somebody: one line for each pair and port. */
export interface Sighting {
  /** CIs of hosts, or of what the CMDB knows by the address. */
  from: string;
  to: string;
  port: number;
  /** Absent = TCP. */
  transport?: "udp";
  /** Programs of the caller, as far as they are known; at most `PROGRAMS_MAX`. */
  programs: string[];
  firstSeenAt: UnixMillis;
  lastSeenAt: UnixMillis;
  /** Looks in which it was seen, in all. */
  looks: number;
  /** Which agents saw it. */
  byCaller: boolean;
  byCalled: boolean;
  /** For how long those who could have seen it looked and did not. */
  missedMs: Milliseconds;
  /** When one of them looked last. */
  lookedAt: UnixMillis;
}

const PROGRAMS_MAX = 8;
/** A pause between two tellings counts for so long at most: nobody looked in between. */
const MISS_STEP_MAX_MS: Milliseconds = 15 * 60_000;

/** Seen in so many looks it is no accident and no scan. */
const LOOKS_MIN = 2;
const CONFIDENCE_FIRST = 0.25;
const CONFIDENCE_ONE_SIDE = 0.6;
const CONFIDENCE_BOTH_SIDES = 0.1;
/** A relation that is not seen any more is worth half after this long. */
const HALF_LIFE_MS: Milliseconds = 24 * 3_600_000;
/** Who calls more than this is a monitor, a backup or a scanner: it needs none of them. */
const CALLED_MANY = 50;
const MONITOR_FACTOR = 0.4;
/** Below it says nothing. */
const CONFIDENCE_MIN = 0.1;

/**
 * How sure a relation is that was only seen: it grows with the number of looks, more where both ends saw it, and fades while
 * those who saw it look and see it no more. Never as sure as a declared one. In steps of 0.05, so that it seldom changes; 0 = not
 * to be believed.
 *
 * @param called how many different CIs the caller was seen to call.
 */
export function confidenceOf(sighting: Sighting, called: number): number {
  if (sighting.looks < LOOKS_MIN) return 0;
  const growth = 1 - 0.8 ** (sighting.looks - 1);
  const seen = CONFIDENCE_FIRST + (CONFIDENCE_ONE_SIDE - CONFIDENCE_FIRST) * growth;
  const sides = sighting.byCaller && sighting.byCalled ? CONFIDENCE_BOTH_SIDES : 0;
  const faded =
    (seen + sides) * 0.5 ** (sighting.missedMs / HALF_LIFE_MS) * (called > CALLED_MANY ? MONITOR_FACTOR : 1);
  const stepped = Math.round(faded * 20) / 20;
  return stepped < CONFIDENCE_MIN ? 0 : stepped;
}

export interface Seen {
  side: "caller" | "called";
  from: string;
  to: string;
  port: number;
  transport?: "udp";
  program: string;
  looks: number;
}

/** Every sighting, by caller, called and port; limited in number. */
export class SightingBook {
  private readonly sightings = new Map<string, Sighting>();
  /** Keys by each of the two ends. */
  private readonly byEnd = new Map<string, Set<string>>();
  private readonly limits: { sightingsMax: number; perHostMax: number };
  /** Sightings that were not taken because there were too many. */
  dropped = 0;

  constructor(limits: { sightingsMax: number; perHostMax: number }) {
    this.limits = limits;
  }

  get size(): number {
    return this.sightings.size;
  }

  all(): Iterable<Readonly<Sighting>> {
    return this.sightings.values();
  }

  /** All that one host's agent saw in one telling. What it should have seen and did not, it missed. */
  take(host: string, seen: readonly Seen[], at: UnixMillis): void {
    const now = new Set<string>();
    for (const each of seen) {
      const key = keyOf(each);
      now.add(key);
      const known = this.sightings.get(key) ?? this.add(key, each, at);
      if (known !== undefined) see(known, each, at);
    }
    for (const key of this.byEnd.get(host) ?? []) {
      const known = this.sightings.get(key);
      if (known === undefined || now.has(key)) continue;
      // The other end's agent may see it: then it is there, whatever this one says.
      const couldSee = known.from === host ? known.byCaller : known.byCalled && !known.byCaller;
      if (!couldSee) continue;
      known.missedMs += Math.min(Math.max(0, at - known.lookedAt), MISS_STEP_MAX_MS);
      known.lookedAt = at;
    }
  }

  /** Forgets what was missed for longer than `missedMs`, or heard of by nobody for three times as long. */
  retire(now: UnixMillis, missedMs: Milliseconds): number {
    let retired = 0;
    for (const [key, sighting] of this.sightings) {
      if (sighting.missedMs <= missedMs && now - sighting.lastSeenAt <= 3 * missedMs) continue;
      this.remove(key, sighting);
      retired++;
    }
    return retired;
  }

  restore(sighting: Sighting): void {
    const key = keyOf(sighting);
    if (this.sightings.size < this.limits.sightingsMax && !this.sightings.has(key)) this.insert(key, sighting);
  }

  private add(key: string, { from, to, port, transport }: Seen, at: UnixMillis): Sighting | undefined {
    const isFull =
      this.sightings.size >= this.limits.sightingsMax || (this.byEnd.get(from)?.size ?? 0) >= this.limits.perHostMax;
    if (isFull) {
      this.dropped++;
      return undefined;
    }
    const sighting: Sighting = {
      from,
      to,
      port,
      ...(transport === undefined ? {} : { transport }),
      programs: [],
      firstSeenAt: at,
      lastSeenAt: at,
      looks: 0,
      byCaller: false,
      byCalled: false,
      missedMs: 0,
      lookedAt: at,
    };
    this.insert(key, sighting);
    return sighting;
  }

  private insert(key: string, sighting: Sighting): void {
    this.sightings.set(key, sighting);
    for (const end of new Set([sighting.from, sighting.to])) {
      const keys = this.byEnd.get(end);
      if (keys === undefined) this.byEnd.set(end, new Set([key]));
      else keys.add(key);
    }
  }

  private remove(key: string, sighting: Sighting): void {
    this.sightings.delete(key);
    for (const end of [sighting.from, sighting.to]) {
      const keys = this.byEnd.get(end);
      keys?.delete(key);
      if (keys?.size === 0) this.byEnd.delete(end);
    }
  }
}

function see(known: Sighting, { side, program, looks }: Seen, at: UnixMillis): void {
  // Both sides count their looks: the larger share is what counts.
  if (side === "caller" || !known.byCaller) known.looks += looks;
  if (side === "caller") known.byCaller = true;
  else known.byCalled = true;
  known.lastSeenAt = at;
  known.lookedAt = at;
  known.missedMs = 0;
  if (program !== "" && known.programs.length < PROGRAMS_MAX && !known.programs.includes(program))
    known.programs.push(program);
}

const keyOf = ({ from, to, port, transport }: Pick<Sighting, "from" | "to" | "port" | "transport">): string =>
  `${from}\n${to}\n${port}\n${transport ?? "tcp"}`;
