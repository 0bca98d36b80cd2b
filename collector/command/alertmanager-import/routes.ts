import { parseDuration } from "../../../protocol/duration.ts";
import { parseMatchers, formatMatcher } from "../../core/model/matcher-syntax.ts";
import type { Matcher } from "../../core/model/silence.ts";
import { at, documentOf, listOf, textAt } from "../../ingest/field.ts";
import { matcherFault } from "../../ingest/matcher.ts";
import { intervalName } from "./intervals.ts";
import { type Note, Notes } from "./note.ts";
import type { TranslatedReceivers } from "./receivers.ts";

/** A route of ours, as the file has it. */
export interface OurRoute {
  match?: { matchers?: string[]; times?: string[] };
  receivers: readonly string[];
  continue?: true;
}

/** Both ways to write matchers: the list, and the older mappings. Bad ones are told and left out. */
export function matchersOf(
  value: unknown,
  keys: { list: string; equal: string; regex: string },
  path: Note["path"],
  notes: Notes,
): string[] {
  const found: Matcher[] = [];
  const older = (key: string, isRegex: boolean): void => {
    for (const [name, text] of Object.entries(documentOf(at(value, key)) ?? {}))
      found.push({ name, value: String(text), isRegex, isEqual: true });
  };
  older(keys.equal, false);
  older(keys.regex, true);
  for (const [index, text] of listOf(at(value, keys.list)).entries()) {
    const parsed = parseMatchers(String(text));
    if (parsed.status === "parsed") found.push(...parsed.matchers);
    else notes.lost([...path, keys.list, index], `this matcher cannot be read: ${parsed.message}`);
  }
  return found
    .filter((matcher) => {
      const fault = matcherFault(matcher);
      if (fault !== undefined) notes.lost(path, fault);
      return fault === undefined;
    })
    .map(formatMatcher);
}

const ROUTE_KEYS = { list: "matchers", equal: "match", regex: "match_re" };
const OTHER_KEYS = ["group_by", "group_wait", "group_interval", "repeat_interval"];

/** A repetition so frequent reminds nobody: somebody waits for it, and calls when it stays away. */
const HEARTBEAT_MAX_MS = 10 * 60_000;

interface Place {
  path: Note["path"];
  /** Of the routes above: all must hold. */
  above: readonly string[];
  receiver: string;
  /** Who is told by the route above. */
  told: readonly string[];
}

/** What the translations of receivers and intervals know. */
export interface Translated {
  receivers: Pick<TranslatedReceivers, "byName" | "lost">;
  intervals: ReadonlySet<string>;
}

/**
 * Turns the tree into a list in which the first match wins: children before their parent, each with the matchers of all
 * above it. While a route is muted, or not active, nobody is told: a route to nobody stands for that.
 */
export class RouteTranslation {
  readonly routes: OurRoute[] = [];
  private readonly notes: Notes;
  private readonly translated: Translated;

  constructor(translated: Translated, notes: Notes) {
    this.translated = translated;
    this.notes = notes;
  }

  translate(route: unknown): void {
    const receiver = textAt(at(route, "receiver"), 256) ?? "";
    for (const key of OTHER_KEYS)
      if (at(route, key) !== undefined)
        this.notes.differs(
          ["route", key],
          "alerts are gathered by incident, and people are told when something about it changes: see `correlation`",
        );
    this.add(route, { path: ["route"], above: [], receiver, told: [] }, false);
  }

  /** @param goesOn this route, or one above it, goes on to its neighbours after a match. */
  private add(route: unknown, place: Place, goesOn: boolean): void {
    const { path, above } = place;
    const matchers = [...above, ...matchersOf(route, ROUTE_KEYS, path, this.notes)];
    const receiver = textAt(at(route, "receiver"), 256) ?? place.receiver;
    const told = this.told(receiver, place);
    this.heartbeat(route, path);
    const children = listOf(at(route, "routes"));
    const continues = at(route, "continue") === true && path.length > 1;
    if (continues && children.length > 0)
      this.notes.differs(
        [...path, "continue"],
        "a match of a route below ends the search for this route's neighbours as well, or tells more of them than before",
      );
    for (const [index, child] of children.entries())
      this.add(child, { path: [...path, "routes", index], above: matchers, receiver, told }, continues || goesOn);
    for (const [index, child] of children.entries())
      if (at(child, "continue") === true)
        this.endSearch(child, { path: [...path, "routes", index], above: matchers }, continues || goesOn);
    this.emit(route, { path, matchers }, told, continues || goesOn);
  }

  /** A child that continues has matched all the same: its parent is not told as well. */
  private endSearch(child: unknown, { path, above }: Pick<Place, "path" | "above">, goesOn: boolean): void {
    if (goesOn)
      this.notes.differs(
        [...path, "continue"],
        "after this match the search also reaches the route above, which Alertmanager would have left out",
      );
    // What is wrong with the matchers was told where the route itself was read.
    else
      this.routes.push({
        match: { matchers: [...above, ...matchersOf(child, ROUTE_KEYS, path, new Notes())] },
        receivers: [],
      });
  }

  private heartbeat(route: unknown, path: Note["path"]): void {
    const text = textAt(at(route, "repeat_interval")) ?? "";
    const repeatMs = parseDuration(text);
    if (repeatMs === null || repeatMs > HEARTBEAT_MAX_MS) return;
    this.notes.differs(
      [...path, "repeat_interval"],
      "nothing is repeated: a dead man's switch that waits for this message would call; let it watch `GET /healthz` instead",
    );
  }

  private emit(
    route: unknown,
    { path, matchers }: { path: Note["path"]; matchers: readonly string[] },
    receivers: readonly string[],
    goesOn: boolean,
  ): void {
    const names = (key: string): string[] =>
      listOf(at(route, key)).flatMap((name, index) => {
        const ours = intervalName(textAt(name) ?? "unnamed");
        if (this.translated.intervals.has(ours)) return [ours];
        this.notes.lost([...path, key, index], `there is no time interval ${JSON.stringify(textAt(name) ?? "")}`);
        return [];
      });
    const muted = names("mute_time_intervals");
    const active = names("active_time_intervals");
    const one = (told: readonly string[], times: string[]): void => {
      const match = {
        ...(matchers.length === 0 ? {} : { matchers: [...matchers] }),
        ...(times.length === 0 ? {} : { times }),
      };
      this.routes.push({
        ...(Object.keys(match).length === 0 ? {} : { match }),
        receivers: told,
        ...(goesOn ? { continue: true as const } : {}),
      });
    };
    if (muted.length > 0) one([], muted);
    one(receivers, active);
    if (active.length > 0) one([], []);
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

/** Rules that mute alerts while others fire. */
export function translateInhibitions(
  config: unknown,
  notes: Notes,
): { source: string[]; target: string[]; equal?: string[] }[] {
  return listOf(at(config, "inhibit_rules")).flatMap((rule, index) => {
    const path = ["inhibit_rules", index];
    const source = matchersOf(
      rule,
      { list: "source_matchers", equal: "source_match", regex: "source_match_re" },
      path,
      notes,
    );
    const target = matchersOf(
      rule,
      { list: "target_matchers", equal: "target_match", regex: "target_match_re" },
      path,
      notes,
    );
    const equal = listOf(at(rule, "equal")).flatMap((name) => textAt(name) ?? []);
    if (source.length === 0 || target.length === 0) {
      notes.lost(path, "a rule needs matchers for its source and its target");
      return [];
    }
    return [{ source, target, ...(equal.length === 0 ? {} : { equal }) }];
  });
}
