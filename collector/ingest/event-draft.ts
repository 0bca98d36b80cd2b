import { hashHex } from "../core/model/hash.ts";
import type { Event, Link } from "../core/model/event.ts";
import type { Severity } from "../core/model/severity.ts";
import { type Milliseconds, SPOOLED_AFTER_MS, type UnixMillis } from "../core/model/time.ts";
import { cut } from "./field.ts";

/** What a mapping says about one message; everything that it leaves out has a default. */
export interface EventDraft {
  /** The sender's own unique id of this message; undefined where it has none. */
  id?: string | undefined;
  source: string;
  ci: string;
  check: string;
  instance?: string | undefined;
  kind?: "alert" | "change";
  status: "firing" | "resolved";
  severity: Severity;
  summary: string;
  /** When the sender says that it happened. */
  at?: UnixMillis | undefined;
  labels?: Readonly<Record<string, string>>;
  annotations?: Readonly<Record<string, string>>;
  links?: readonly Link[];
  expiresAfterMs?: Milliseconds | undefined;
}

const NAME_LENGTH_MAX = 256;
const SUMMARY_LENGTH_MAX = 2048;

/**
 * How far back a live message is taken to have happened. A sender that repeats old news, or a queue that held it up
 * while we were away, tells of a condition that holds now: it must page, and so must stay well below what counts as spooled.
 * Order among messages of the last minutes is kept.
 */
const LIVE_WITHIN_MS: Milliseconds = SPOOLED_AFTER_MS - 60_000;

/** The event of a draft. Changes keep their own time; alerts are never taken for older than a few minutes. */
export function eventOfDraft(draft: EventDraft, now: UnixMillis): Event {
  const kind = draft.kind ?? "alert";
  const at = Math.min(draft.at ?? now, now);
  const { source, status, severity } = draft;
  const ci = cut(draft.ci, NAME_LENGTH_MAX);
  const check = cut(draft.check, NAME_LENGTH_MAX);
  const instance = cut(draft.instance ?? "", NAME_LENGTH_MAX);
  // One line for people: what a sender puts on several (a ping's whole output) reads on as one.
  const summary = cut(draft.summary.replace(/\s*[\r\n]\s*/g, " ").trim(), SUMMARY_LENGTH_MAX);
  const id = draft.id ?? hashHex([source, ci, check, instance, kind, status, severity, summary, String(at)]);
  return {
    id: cut(id, NAME_LENGTH_MAX),
    idGiven: draft.id !== undefined,
    source,
    ci,
    check,
    instance,
    kind,
    status,
    severity,
    summary,
    occurredAt: kind === "change" ? at : Math.max(at, now - LIVE_WITHIN_MS),
    since: at,
    labels: draft.labels ?? {},
    annotations: draft.annotations ?? {},
    links: draft.links ?? [],
    expiresAfterMs: draft.expiresAfterMs ?? null,
  };
}
