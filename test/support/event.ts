import type { Event } from "../../collector/core/model/event.ts";
import type { Submission } from "../../collector/port/intake.ts";

let made = 0;

/** A firing event with an id of its own, unless told otherwise. */
export function event(parts: Partial<Event> = {}): Event {
  made += 1;
  return {
    id: `event-${made}`,
    idGiven: true,
    source: "test",
    ci: "web-1",
    check: "disk",
    instance: "",
    kind: "alert",
    status: "firing",
    severity: "major",
    summary: "it hurts",
    occurredAt: 0,
    labels: {},
    annotations: {},
    links: [],
    expiresAfterMs: null,
    ...parts,
  };
}

export function submission(parts: Partial<Event> = {}): Submission {
  return { kind: "event", event: event(parts) };
}
