import { parseMatchers, formatMatcher } from "../../core/model/matcher-syntax.ts";
import type { Matcher } from "../../core/model/silence.ts";
import { at, documentOf, listOf, textAt } from "../../ingest/field.ts";
import { matcherFault } from "../../ingest/matcher.ts";
import { intervalName } from "./intervals.ts";
import type { Note, Notes } from "./note.ts";

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

interface Place {
  path: Note["path"];
  /** Of the routes above: all must hold. */
  above: readonly string[];
  receiver: string;
}

/**
 * Turns the tree into a list in which the first match wins: children before their parent, each with the matchers of all
 * above it. While a route is muted, or not active, nobody is told: a route to nobody stands for that.
 */
export class RouteTranslation {
  readonly routes: OurRoute[] = [];
  private readonly notes: Notes;
  private readonly byName: ReadonlyMap<string, readonly string[]>;

  constructor(byName: ReadonlyMap<string, readonly string[]>, notes: Notes) {
    this.byName = byName;
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
    this.add(route, { path: ["route"], above: [], receiver }, false);
  }

  /** @param goesOn this route, or one above it, goes on to its neighbours after a match. */
  private add(route: unknown, place: Place, goesOn: boolean): void {
    const { path, above } = place;
    const matchers = [...above, ...matchersOf(route, ROUTE_KEYS, path, this.notes)];
    const receiver = textAt(at(route, "receiver"), 256) ?? place.receiver;
    const children = listOf(at(route, "routes"));
    const continues = at(route, "continue") === true && path.length > 1;
    if (continues && children.length > 0)
      this.notes.differs(
        [...path, "continue"],
        "a match of a route below ends the search for this route's neighbours as well, or tells more of them than before",
      );
    for (const [index, child] of children.entries()) {
      if (at(child, "continue") === true)
        this.notes.differs(
          [...path, "routes", index, "continue"],
          "after this match the search also reaches the route above, which Alertmanager would have left out",
        );
      this.add(child, { path: [...path, "routes", index], above: matchers, receiver }, continues || goesOn);
    }
    this.emit(route, matchers, this.receivers(receiver, path), continues || goesOn);
  }

  private emit(route: unknown, matchers: readonly string[], receivers: readonly string[], goesOn: boolean): void {
    const names = (key: string): string[] =>
      listOf(at(route, key)).flatMap((name) => intervalName(textAt(name) ?? "unnamed"));
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

  private receivers(name: string, path: Note["path"]): readonly string[] {
    const known = this.byName.get(name);
    if (known === undefined) this.notes.lost([...path, "receiver"], `there is no receiver ${JSON.stringify(name)}`);
    return known ?? [];
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
