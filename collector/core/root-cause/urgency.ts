import type { CorrelationView, Ranking, RootEvidence } from "../model/correlation.ts";
import type { Note, Unit } from "../model/evidence.ts";
import type { Impact } from "../model/incident.ts";
import { formatTime, type Milliseconds, type UnixMillis } from "../model/time.ts";
import { groundsOf, type Ground } from "./grounds.ts";
import { sceneOf, seriousSince } from "./scene.ts";
import type { Verdict } from "./verdict.ts";

interface Picture {
  evidence: RootEvidence;
  units: readonly Unit[];
  best: Verdict | null;
  impact: Impact;
}

type Urgency = Pick<Ranking, "holdMs" | "holdReason" | "pageWorthy" | "pageReason" | "pageAfterMs">;

/** Whether a person should be woken, and how long it is still worth to wait for a clearer picture. */
export function urgencyOf(picture: Picture, at: UnixMillis, view: CorrelationView): Urgency {
  const { units } = picture;
  const { settings } = view;
  const firing = units.filter((unit) => unit.notes.some((note) => note.resolvedAt === null));
  const active = heardOf(firing, picture.evidence.incident.openedAt);
  if (firing.length === 0) return none("everything has cleared");
  if (active.length === 0) return none("nothing has been heard of it for long; its end was probably lost");
  const first = Math.min(...units.map((unit) => unit.onset));
  const settledInMs = Math.max(0, first + settings.settleMaxMs - at);
  const beside = afterAnother(picture, Math.max(first, picture.evidence.incident.openedAt), at, settings.settleMaxMs);
  let best: { ground: Ground; wait: Milliseconds } | null = null;
  for (const ground of groundsOf(sceneOf(picture, active, view), at)) {
    const { inAll, since, yields } = ground.patience;
    const due = Math.max(
      first + Math.max(settings.settleMinMs, inAll * settings.settleMaxMs),
      ground.since + since * settings.settleMaxMs,
    );
    const wait = Math.max(due - at, yields ? beside : 0);
    if (best === null || wait < best.wait) best = { ground, wait };
  }
  if (best === null) return { ...none(calmReason(active)), holdMs: settledInMs };
  const isFlapping = active.every(isFlappingUnit);
  const habit = isFlapping ? flapOf(active, at) : habitOf(picture, active, at);
  const wait = Math.max(0, best.wait, habit?.wait ?? 0);
  const pageReason = isFlapping ? `${best.ground.pageReason}; it flaps` : best.ground.pageReason;
  const holdReason = habit?.reason ?? best.ground.holdReason;
  // Who has been told already without a page is not paged before its time either.
  const isPage = wait === 0 || (wait <= settledInMs && picture.evidence.incident.told.length === 0);
  return {
    holdMs: Math.min(wait, settledInMs),
    holdReason,
    pageWorthy: isPage,
    pageReason: isPage ? pageReason : holdReason,
    pageAfterMs: wait,
  };
}

/** So long after another page, in longest settle times, what begins may turn out to be a piece of the same … */
const CROWD_WAIT = 3;
const CROWD_MS: Milliseconds = 3 * 60_000;

/** … and while a storm grows beside it, a few CIs mostly do. */
const STORM_WAIT = 8;
const FEW = 6;

/** How long it is given from its own beginning to turn out as a piece of something larger; who is awake loses little. */
function afterAnother(
  { evidence, units }: Picture,
  first: UnixMillis,
  at: UnixMillis,
  settleMaxMs: Milliseconds,
): Milliseconds {
  const { pagedAt, storm } = evidence;
  if (pagedAt === null) return 0;
  if (storm && units.length <= FEW) return Math.max(0, first + STORM_WAIT * settleMaxMs - at);
  const until = first + CROWD_WAIT * settleMaxMs;
  return until - pagedAt > CROWD_MS ? 0 : Math.max(0, until - at);
}

/** After the time within which it usually ends, so much is left before a person is woken. */
const GRACE_MS: Milliseconds = 60_000;

/**
 * How long to wait for what usually ends by itself. Nothing is waited for where a service has nothing left, or where
 * anything in the incident has no such habit.
 */
function habitOf(
  { evidence, impact }: Picture,
  active: readonly Unit[],
  at: UnixMillis,
): { wait: Milliseconds; reason: string } | null {
  if (impact.services.some(({ redundancyLeft }) => redundancyLeft === 0)) return null;
  let due = 0;
  let within = 0;
  let times = Number.POSITIVE_INFINITY;
  for (const note of active.flatMap((unit) => unit.notes)) {
    if (note.resolvedAt !== null) continue;
    const habit = evidence.habit(note.alert.id);
    if (habit === null) return null;
    due = Math.max(due, note.onset + habit.withinMs + GRACE_MS);
    within = Math.max(within, habit.withinMs);
    times = Math.min(times, habit.times);
  }
  if (due <= at) return null;
  const minutes = Math.max(1, Math.ceil(within / 60_000));
  const reason = `it usually clears by itself within ${minutes} min (so the last ${times} times); if it does not, a page follows at ${clock(due)} UTC`;
  return { wait: due - at, reason };
}

/** What only goes up and down is told, and wakes someone once, when it has gone on for so long. */
const FLAP_WAIT_MS: Milliseconds = 60 * 60_000;

/** Correlation gives such notes only where an incident has nothing else. */
const isFlappingUnit = ({ notes }: Unit): boolean => notes.every(({ background }) => background === "flapping");

function flapOf(active: readonly Unit[], at: UnixMillis): { wait: Milliseconds; reason: string } | null {
  const began = Math.min(...active.flatMap(({ notes }) => notes.map(({ alert }) => alert.firstSeenAt)));
  const due = began + FLAP_WAIT_MS;
  if (due <= at) return null;
  return { wait: due - at, reason: `it flaps; if it does so for an hour, a page follows at ${clock(due)} UTC` };
}

function clock(at: UnixMillis): string {
  return formatTime(at).slice(11, 16);
}

/** What was withheld (planned work, say), is not any more, and has not been heard of meanwhile. */
const OLD_NEWS_MS: Milliseconds = 10 * 60_000;

/** Fewer than this can have lost their clear. */
const LOST_MAX = 3;

/** Without those that are old news. One or two clears are lost; that those of many are is unlikely. */
function heardOf(firing: readonly Unit[], openedAt: UnixMillis): readonly Unit[] {
  const isNews = (note: Note): boolean => note.resolvedAt === null && openedAt - note.alert.lastSeenAt <= OLD_NEWS_MS;
  const fresh = firing.filter((unit) => unit.notes.some(isNews));
  return firing.length - fresh.length < LOST_MAX ? fresh : firing;
}

/** Why it is worth no page, where there is no ground for one. */
function calmReason(active: readonly Unit[]): string {
  const serious = active.filter((unit) => seriousSince(unit) !== null).length;
  if (active.length === 1)
    return serious === 0 ? "one CI, in mild trouble" : "one CI alone, and nothing important is known to stop with it";
  return serious === 0
    ? `${active.length} CIs, all in mild trouble`
    : `${active.length} CIs, and nothing important is known to stop with them`;
}

function none(reason: string): Urgency {
  return { pageAfterMs: 0, holdMs: 0, holdReason: "", pageWorthy: false, pageReason: reason };
}
