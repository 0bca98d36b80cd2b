import type { Alert } from "./alert.ts";

/** An alert that is still being put together. */
export type AlertDraft = { -readonly [Field in keyof Alert]: Alert[Field] };

/**
 * An alert of nothing, with all of its fields: every one that is made of such a draft looks the same to the engine. Whoever
 * makes many uses one for all of them, and gives it to who copies it at once.
 */
export function blankAlert(): AlertDraft {
  return {
    id: "",
    ci: "",
    source: "",
    check: "",
    instance: "",
    status: "firing",
    severity: "info",
    summary: "",
    labels: {},
    annotations: {},
    links: [],
    episode: 0,
    firstSeenAt: 0,
    lastSeenAt: 0,
    resolvedAt: null,
    occurredAt: 0,
    lastOccurredAt: 0,
    count: 0,
    expiresAfterMs: null,
    expiresAt: null,
    changes: [],
    flapping: false,
    incident: null,
    withheld: null,
    suppressedBy: [],
    unobservedSince: null,
    sourceStatus: "firing",
    late: false,
    joinedAt: null,
    joinReason: "",
  };
}
