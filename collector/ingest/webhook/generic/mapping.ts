import type { Event } from "../../../core/model/event.ts";
import type { Severity } from "../../../core/model/severity.ts";
import type { Milliseconds } from "../../../core/model/time.ts";
import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, labelsFrom, linkTo, listOf, textAt } from "../../field.ts";
import { severityWord } from "../../severity.ts";
import type { MapContext } from "../webhook-kind.ts";

/**
 * Where a value comes from: `/a/b/0` is a JSON pointer (RFC 6901), any other text is taken as it is, with `{/a/b}`
 * filled in. Of several the first that gives text wins; a template with an empty place gives none. There is no code.
 */
export type Source = readonly string[];

/** How JSON of a sender that we do not know becomes events; plain data from the configuration. */
export interface GenericMapping {
  /** Pointer to a list of which every element is an event; undefined: the document is one. */
  each?: string | undefined;
  source?: Source | undefined;
  ci: Source;
  check: Source;
  instance?: Source | undefined;
  summary: Source;
  /** The sender's unique id of the message. */
  id?: Source | undefined;
  time?: Source | undefined;
  kind?: "alert" | "change" | undefined;
  /** Words are compared without regard to case. Without `of` everything fires. */
  status?: { of: Source; resolved: readonly string[]; ignored?: readonly string[] | undefined } | undefined;
  severity?:
    | {
        of?: Source | undefined;
        /** Words of the sender; those that everyone uses need not be listed. */
        words?: Readonly<Record<string, Severity>> | undefined;
        otherwise?: Severity | undefined;
      }
    | undefined;
  labels?: Readonly<Record<string, Source>> | undefined;
  annotations?: Readonly<Record<string, Source>> | undefined;
  links?: Readonly<Record<string, Source>> | undefined;
  expiresAfterMs?: Milliseconds | undefined;
}

/** What became of one element. `missing`: the fields for which the element has no text. */
export type GenericResult =
  | { status: "mapped"; event: Event }
  | { status: "ignored"; word: string }
  | { status: "incomplete"; missing: string[] }
  | { status: "tooMany" };

/** Of one document; more are left out and counted. */
const ELEMENTS_MAX = 10_000;

/** The value at a JSON pointer; undefined where there is none. Never reads inherited fields. */
export function valueAt(document: unknown, pointer: string): unknown {
  if (pointer === "") return document;
  let current = document;
  for (const part of pointer.slice(1).split("/")) {
    const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof current !== "object" || current === null) return undefined;
    if (Array.isArray(current)) current = /^\d{1,9}$/.test(name) ? current[Number(name)] : undefined;
    else current = Object.hasOwn(current, name) ? (current as Record<string, unknown>)[name] : undefined;
  }
  return current;
}

const PLACE = /\{(\/[^{}]*)\}/g;

function filled(element: unknown, template: string): string | undefined {
  if (template.startsWith("/")) return textAt(valueAt(element, template), 4096);
  let isWhole = true;
  const text = template.replace(PLACE, (_whole, pointer: string) => {
    const value = textAt(valueAt(element, pointer), 1024);
    if (value === undefined) isWhole = false;
    return value ?? "";
  });
  return isWhole ? textAt(text, 4096) : undefined;
}

function read(element: unknown, source: Source | undefined): string | undefined {
  for (const template of source ?? []) {
    const text = filled(element, template);
    if (text !== undefined) return text;
  }
  return undefined;
}

const readAll = (element: unknown, sources: Readonly<Record<string, Source>> | undefined): Record<string, string> =>
  labelsFrom(Object.fromEntries(Object.entries(sources ?? {}).map(([name, source]) => [name, read(element, source)])));

function severityOf(element: unknown, { severity }: GenericMapping): Severity {
  const word = read(element, severity?.of);
  const own = Object.entries(severity?.words ?? {}).find(([name]) => name.toLowerCase() === word?.toLowerCase());
  return own?.[1] ?? severityWord(word ?? "") ?? severity?.otherwise ?? "major";
}

const includes = (words: readonly string[] | undefined, word: string): boolean =>
  (words ?? []).some((one) => one.toLowerCase() === word.toLowerCase());

function mapOne(name: string, mapping: GenericMapping, element: unknown, context: MapContext): GenericResult {
  const word = read(element, mapping.status?.of) ?? "";
  if (includes(mapping.status?.ignored, word)) return { status: "ignored", word };
  const ci = pickCi(
    mapping.ci.map((template) => filled(element, template)),
    context.isKnownCi,
  );
  const check = read(element, mapping.check);
  const isNamed = read(element, mapping.ci) !== undefined;
  if (check === undefined || !isNamed) {
    const found = { ci: isNamed ? ci : undefined, check };
    return {
      status: "incomplete",
      missing: Object.entries(found).flatMap(([field, text]) => (text === undefined ? [field] : [])),
    };
  }
  const links = Object.entries(mapping.links ?? {}).flatMap(([text, source]) => linkTo(read(element, source), text));
  const kind = mapping.kind ?? "alert";
  const resolved = kind === "alert" && includes(mapping.status?.resolved, word);
  const event = eventOfDraft(
    {
      id: read(element, mapping.id),
      source: read(element, mapping.source) ?? name,
      ci,
      check,
      instance: read(element, mapping.instance),
      kind,
      status: resolved ? "resolved" : "firing",
      severity: kind === "change" ? "info" : severityOf(element, mapping),
      // An end often comes without the words of its beginning; no fault goes untold for them.
      summary: read(element, mapping.summary) ?? check,
      at: anyTimeAt(read(element, mapping.time)),
      labels: readAll(element, mapping.labels),
      annotations: readAll(element, mapping.annotations),
      links,
      expiresAfterMs: resolved ? undefined : mapping.expiresAfterMs,
    },
    context.now,
  );
  return { status: "mapped", event };
}

/**
 * Applies a mapping to a document: one result for each element, in order. Pure; `tocsin check --sample` shows what it
 * gives. `undefined` where `each` leads to no list.
 *
 * @param name of the webhook: the events' source where the mapping gives none.
 */
export function mapDocument(
  name: string,
  mapping: GenericMapping,
  document: unknown,
  context: MapContext,
): readonly GenericResult[] | undefined {
  const elements = mapping.each === undefined ? [document] : valueAt(document, mapping.each);
  if (!Array.isArray(elements)) return undefined;
  return listOf(elements).map((element, index) =>
    index < ELEMENTS_MAX ? mapOne(name, mapping, element, context) : { status: "tooMany" },
  );
}
