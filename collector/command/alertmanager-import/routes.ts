import { parseDuration } from "../../../protocol/duration.ts";
import { parseMatchers, formatMatcher } from "../../core/model/matcher-syntax.ts";
import type { Matcher } from "../../core/model/silence.ts";
import { at, type Document, documentOf, textAt } from "../../ingest/field.ts";
import { matcherFault } from "../../ingest/matcher.ts";
import type { JointIntervals, TranslatedIntervals } from "./intervals.ts";
import type { Note, Notes } from "./note.ts";
import type { TranslatedReceivers } from "./receivers.ts";
import { type Branch, listRoutes, type OurRoute } from "./route-list.ts";

/** Both ways to write matchers: the list, and the older mappings. Undefined where one cannot be read, which is told. */
export function matchersOf(
  value: unknown,
  keys: { list: string; equal: string; regex: string },
  path: Note["path"],
  notes: Notes,
): string[] | undefined {
  const found: Matcher[] = [];
  let isReadable = true;
  const lost = (place: Note["path"], message: string): void => {
    notes.lost(place, message);
    isReadable = false;
  };
  const older = (key: string, isRegex: boolean): void => {
    const mapping = at(value, key) ?? {};
    if (documentOf(mapping) === undefined) lost([...path, key], "label names with values are expected here");
    for (const [name, text] of Object.entries(documentOf(mapping) ?? {}))
      found.push({ name, value: String(text), isRegex, isEqual: true });
  };
  older(keys.equal, false);
  older(keys.regex, true);
  const listed = at(value, keys.list) ?? [];
  for (const [index, text] of (Array.isArray(listed) ? listed : [listed]).entries()) {
    const parsed = parseMatchers(String(text));
    if (parsed.status === "parsed") found.push(...parsed.matchers);
    else lost([...path, keys.list, index], `this matcher cannot be read: ${parsed.message}`);
  }
  for (const matcher of found) {
    const fault = matcherFault(matcher);
    if (fault !== undefined) lost(path, fault);
  }
  return isReadable ? found.map(formatMatcher) : undefined;
}

const ROUTE_KEYS = { list: "matchers", equal: "match", regex: "match_re" };
const OTHER_KEYS = ["group_by", "group_wait", "group_interval", "repeat_interval"];
const KNOWN_KEYS = [
  ...Object.values(ROUTE_KEYS),
  ...OTHER_KEYS,
  "receiver",
  "routes",
  "continue",
  "mute_time_intervals",
  "active_time_intervals",
];

/** A repetition so frequent reminds nobody: somebody waits for it, and calls when it stays away. */
const HEARTBEAT_MAX_MS = 10 * 60_000;

interface Place {
  path: Note["path"];
  receiver: string;
  /** Who is told by the route above. */
  told: readonly string[];
}

/** What the translations of receivers and intervals know. */
export interface Translated {
  receivers: Pick<TranslatedReceivers, "byName" | "lost">;
  /** Ours for each interval of theirs; undefined for one that never is. */
  intervals: TranslatedIntervals["byName"];
  joint: JointIntervals;
}

/** Reads the tree of their routes; what cannot be read is told, and takes nothing from anybody. */
export class RouteTranslation {
  private readonly notes: Notes;
  private readonly translated: Translated;

  constructor(translated: Translated, notes: Notes) {
    this.translated = translated;
    this.notes = notes;
  }

  translate(route: Document): OurRoute[] {
    for (const key of OTHER_KEYS)
      if (route[key] !== undefined)
        this.notes.differs(
          ["route", key],
          "alerts are gathered by incident, and people are told when something about it changes: see `correlation`",
        );
    for (const key of Object.values(ROUTE_KEYS))
      if (route[key] !== undefined) this.notes.lost(["route", key], "the first route takes everything");
    const { joint } = this.translated;
    return listRoutes(this.branch(route, { path: ["route"], receiver: "", told: [] }, []), (some, more) =>
      joint.joint(some, more),
    );
  }

  private branch(route: Document, place: Place, matchers: readonly string[]): Branch {
    const { path } = place;
    this.notes.others(path, route, KNOWN_KEYS, "this key is not known");
    const receiver = textAt(route["receiver"], 256) ?? place.receiver;
    const receivers = this.told(receiver, place);
    this.heartbeat(route, path);
    const children = this.notes.listAt(route, "routes", path).flatMap((child, index) => {
      const below = { path: [...path, "routes", index], receiver, told: receivers };
      const own = matchersOf(child, ROUTE_KEYS, below.path, this.notes);
      if (documentOf(child) !== undefined && own !== undefined)
        return [this.branch(documentOf(child) ?? {}, below, own)];
      // Without its matchers it would take everything.
      this.notes.lost(below.path, "this route is left out, with all below it: what it got goes on to the next ones");
      return [];
    });
    const active = this.intervals(route, "active_time_intervals", path);
    const told = new Set<string>();
    return {
      matchers,
      receivers,
      muted: this.intervals(route, "mute_time_intervals", path).flatMap((name) => name ?? []),
      active: active.length === 0 ? undefined : active.flatMap((name) => name ?? []),
      goesOn: route["continue"] === true && path.length > 1,
      children,
      differs: (message) => {
        if (!told.has(message)) this.notes.differs([...path, "continue"], message);
        told.add(message);
      },
    };
  }

  /** Ours for intervals of theirs; what is not there is told and left out. */
  private intervals(route: Document, key: string, path: Note["path"]): (string | undefined)[] {
    return this.notes.listAt(route, key, path).flatMap((item, index) => {
      const name = textAt(item) ?? "";
      if (this.translated.intervals.has(name)) return [this.translated.intervals.get(name)];
      this.notes.lost([...path, key, index], `there is no time interval ${JSON.stringify(name)}`);
      return [];
    });
  }

  private heartbeat(route: Document, path: Note["path"]): void {
    const text = textAt(route["repeat_interval"]) ?? "";
    const repeatMs = parseDuration(text);
    if (repeatMs === null || repeatMs > HEARTBEAT_MAX_MS) return;
    this.notes.differs(
      [...path, "repeat_interval"],
      "nothing is repeated: a dead man's switch that waits for this message would call; let it watch `GET /healthz` instead",
    );
  }

  /** Ours for a receiver of theirs. One that cannot be told here would swallow what is routed to it. */
  private told(name: string, { path, told: above }: Place): readonly string[] {
    const { byName, lost } = this.translated.receivers;
    const known = byName.get(name);
    if (known === undefined) this.notes.lost([...path, "receiver"], `there is no receiver ${JSON.stringify(name)}`);
    if (known !== undefined && !lost.has(name)) return known;
    if (lost.has(name))
      this.notes.lost(
        [...path, "receiver"],
        `nothing of ${JSON.stringify(name)} could be carried over: ${above.length === 0 ? "nobody is told of what comes here" : `what it got goes to ${above.join(", ")}, as the route above`}`,
      );
    return above;
  }
}

/** What every alert matches; ours has no rule without a matcher. */
const EVERY_ALERT = ['alertname=~".*"'];

const RULE_KEYS = {
  source: { list: "source_matchers", equal: "source_match", regex: "source_match_re" },
  target: { list: "target_matchers", equal: "target_match", regex: "target_match_re" },
};

/** Rules that mute alerts while others fire. */
export function translateInhibitions(
  config: Document,
  notes: Notes,
): { source: string[]; target: string[]; equal?: string[] }[] {
  return notes.listAt(config, "inhibit_rules", []).flatMap((rule, index) => {
    const path = ["inhibit_rules", index];
    const known = [...Object.values(RULE_KEYS.source), ...Object.values(RULE_KEYS.target), "equal", "name"];
    const document = documentOf(rule) ?? {};
    const isKnown = Object.keys(document).every((key) => known.includes(key));
    notes.others(path, document, known, "this key is not known");
    const source = matchersOf(rule, RULE_KEYS.source, path, notes);
    const target = matchersOf(rule, RULE_KEYS.target, path, notes);
    const equal = notes.listAt(document, "equal", path).flatMap((name) => textAt(name) ?? []);
    if (source?.length === 0 && target?.length === 0) {
      notes.lost(path, "a rule needs matchers for its source or its target");
      return [];
    }
    // What is missing, or a typing mistake, would mute more than was meant.
    if (source === undefined || target === undefined || !isKnown) {
      notes.lost(path, "this rule is left out");
      return [];
    }
    const side = (matchers: string[]): string[] => (matchers.length === 0 ? [...EVERY_ALERT] : matchers);
    return [{ source: side(source), target: side(target), ...(equal.length === 0 ? {} : { equal }) }];
  });
}
