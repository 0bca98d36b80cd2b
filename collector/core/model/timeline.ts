import { withOneMore } from "./short-list.ts";
import type { Incident, TimelineEntry } from "./incident.ts";
import type { Milliseconds, UnixMillis } from "./time.ts";

const ENTRIES_MAX = 500;
/** How it began stays, whatever comes after. */
const FIRST_KEPT = 50;
/** Alerts that join within this time share an entry: a storm is one line, not a thousand. */
const SHARED_MS: Milliseconds = 60_000;

export function tellTimeline(
  incident: Incident,
  at: UnixMillis,
  kind: string,
  text: string,
  actor: string | null = null,
): void {
  push(incident, { at, kind, text, actor });
}

/** `count` alerts joined; `last` describes the last of them. */
export function tellJoined(incident: Incident, at: UnixMillis, last: string): void {
  const newest = incident.timeline.at(-1);
  if (newest === undefined || newest.kind !== "alert" || at - newest.at > SHARED_MS) {
    push(incident, { at, kind: "alert", text: last, actor: null });
    return;
  }
  const more = /^(\d+) alerts, the last: /.exec(newest.text);
  const count = more === null ? 2 : Number(more[1]) + 1;
  newest.text = `${count} alerts, the last: ${last}`;
}

/** Up to so many entries the list has no room to spare: most incidents stay short. */
const EXACT_MAX = 8;

function push(incident: Incident, entry: TimelineEntry): void {
  if (incident.timeline.length < EXACT_MAX) incident.timeline = withOneMore(incident.timeline, entry);
  else incident.timeline.push(entry);
  if (incident.timeline.length > ENTRIES_MAX) incident.timeline.splice(FIRST_KEPT, 1);
}
