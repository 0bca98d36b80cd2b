import type { CorrelationView, Ranking, RootEvidence } from "../model/correlation.ts";
import type { Note, Unit } from "../model/evidence.ts";
import type { Impact } from "../model/incident.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import { groundsOf, type Ground } from "./grounds.ts";
import { sceneOf } from "./scene.ts";
import type { Verdict } from "./ranker.ts";

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
  let best: { ground: Ground; wait: Milliseconds } | null = null;
  for (const ground of groundsOf(sceneOf(picture, active, view), at)) {
    const { inAll, since } = ground.patience;
    const due = Math.max(
      first + Math.max(settings.settleMinMs, inAll * settings.settleMaxMs),
      ground.since + since * settings.settleMaxMs,
    );
    const wait = Math.max(0, due - at);
    if (best === null || wait < best.wait) best = { ground, wait };
  }
  if (best === null) return { ...none("one CI without serious trouble"), holdMs: settledInMs };
  const { wait } = best;
  const { holdReason, pageReason } = best.ground;
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

function none(reason: string): Urgency {
  return { pageAfterMs: 0, holdMs: 0, holdReason: "", pageWorthy: false, pageReason: reason };
}
