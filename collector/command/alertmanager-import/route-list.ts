/** A route of ours, as the file has it. */
export interface OurRoute {
  match?: { matchers?: string[]; times?: string[] };
  receivers: readonly string[];
  continue?: true;
}

/** A route of theirs, read: what it takes of that which reached it, and who is told. */
export interface Branch {
  matchers: readonly string[];
  receivers: readonly string[];
  /** Our intervals in which nobody is told. */
  muted: readonly string[];
  /** Our intervals in which alone somebody is told; undefined = always. */
  active: readonly string[] | undefined;
  goesOn: boolean;
  children: readonly Branch[];
  /** Says that something about this route could not be said exactly. */
  differs(message: string): void;
}

/** One of the ways in which a search through a route ends; of a list the first that matches is it. */
interface Ending {
  matchers: readonly string[];
  times: readonly string[];
  receivers: readonly string[];
}

/** Most of our routes that one of theirs may become: neighbours are written once for each ending of a route that goes on. */
const ROUTES_MAX = 500;

/** What two lists of alternative times have in common: a name, null = never, undefined = it cannot be said. */
export type Joint = (some: readonly string[], more: readonly string[]) => string | null | undefined;

/**
 * Turns the tree into a list in which the first match wins: children before their parent, each with the matchers of all above
 * it. Where a route goes on to its neighbours, they follow each of its endings, because a list has no way back.
 */
export function listRoutes(root: Branch, joint: Joint): OurRoute[] {
  return reachable(search(root, [], joint));
}

/** Takes all that matches the branch and what is above it, and ends there. */
function search(branch: Branch, above: readonly string[], joint: Joint): OurRoute[] {
  const matchers = joined(above, branch.matchers);
  const own = endingsOf(branch, matchers).map((ending) => routeOf(ending, false));
  return [...neighbours(branch.children, matchers, joint), ...own];
}

/** Takes what any of these matches, and ends there; the rest falls through. */
function neighbours(children: readonly Branch[], above: readonly string[], joint: Joint): OurRoute[] {
  let after: OurRoute[] = [];
  for (const child of children.toReversed()) after = before(after, child, above, joint);
  return after;
}

/** The branch and, after it, its neighbours. */
function before(after: readonly OurRoute[], branch: Branch, above: readonly string[], joint: Joint): OurRoute[] {
  if (!branch.goesOn || after.length === 0) return [...search(branch, above, joint), ...after];
  const endings = endingsBelow(branch, above, joint);
  const [only] = endings ?? [];
  // Its neighbours' parent is not told as well: this branch has matched.
  if (endings?.length === 1 && only !== undefined && only.times.length === 0)
    return [routeOf(only, true), ...after, routeOf({ ...only, receivers: [] }, false)];
  const list = endings === undefined ? undefined : followed(endings, after, joint);
  if (list !== undefined) return reachable([...list, ...after]);
  branch.differs(
    "what it goes on to, after each of its endings or at each of its times, is too much for one list: more is told than before, never less",
  );
  // Rather one message too many: all that tells anybody, and on.
  const telling = search(branch, above, joint).filter(({ receivers }) => receivers.length > 0);
  return [...telling.map((route): OurRoute => ({ ...route, continue: true })), ...after];
}

/** The neighbours once for each ending; undefined where that is too long, or two times cannot be asked at once. */
function followed(endings: readonly Ending[], after: readonly OurRoute[], joint: Joint): OurRoute[] | undefined {
  const list: OurRoute[] = [];
  for (const ending of endings) {
    if (ending.receivers.length > 0) list.push(routeOf(ending, true));
    for (const { match, receivers, continue: goesOn } of after) {
      const both = within(ending, { matchers: match?.matchers ?? [], times: match?.times ?? [], receivers }, joint);
      if (both === undefined) return undefined;
      if (both !== "never") list.push(routeOf({ ...both, receivers }, goesOn === true));
    }
    list.push(routeOf({ ...ending, receivers: [] }, false));
    if (list.length + after.length > ROUTES_MAX) return undefined;
  }
  return list;
}

/** What matches both, and who is told then. */
function within(first: Ending, next: Ending, joint: Joint): Ending | "never" | undefined {
  const matchers = joined(first.matchers, next.matchers);
  if (contradict(matchers)) return "never";
  const times = bothTimes(first.times, next.times, joint);
  if (times === undefined || times === "never") return times;
  return { matchers, times, receivers: joined(first.receivers, next.receivers) };
}

/** Intervals of a route are alternatives: to ask for some of two lists takes an interval of its own. */
function bothTimes(
  some: readonly string[],
  more: readonly string[],
  joint: Joint,
): readonly string[] | "never" | undefined {
  if (some.length === 0 || more.length === 0) return some.length === 0 ? more : some;
  if (some.join("\n") === more.join("\n")) return some;
  const name = joint(some, more);
  return name === null ? "never" : name === undefined ? undefined : [name];
}

/** Every way in which a search through a branch ends; undefined where there are too many, or two times cannot be asked at once. */
function endingsBelow(branch: Branch, above: readonly string[], joint: Joint): Ending[] | undefined {
  const matchers = joined(above, branch.matchers);
  let after: Ending[] = [];
  for (const child of branch.children.toReversed()) {
    const own = endingsBelow(child, matchers, joint);
    if (own === undefined || own.length * (after.length + 1) > ROUTES_MAX) return undefined;
    const next: Ending[] = [];
    for (const ending of own) {
      for (const other of child.goesOn ? after : []) {
        const both = within(ending, other, joint);
        if (both === undefined) return undefined;
        if (both !== "never") next.push(both);
      }
      next.push(ending);
    }
    after = reachableEndings([...next, ...after]);
  }
  return [...after, ...endingsOf(branch, matchers)];
}

/** Of a route itself, leaving its children aside. While it is muted, or not active, it has matched and tells nobody. */
function endingsOf({ muted, active, receivers }: Branch, matchers: readonly string[]): Ending[] {
  const nobody = { matchers, times: [], receivers: [] };
  if (active?.length === 0) return [nobody];
  return [
    ...(muted.length === 0 ? [] : [{ matchers, times: muted, receivers: [] }]),
    { matchers, times: active ?? [], receivers },
    ...(active === undefined ? [] : [nobody]),
  ];
}

function routeOf({ matchers, times, receivers }: Ending, goesOn: boolean): OurRoute {
  const match = {
    ...(matchers.length === 0 ? {} : { matchers: [...matchers] }),
    ...(times.length === 0 ? {} : { times: [...times] }),
  };
  return {
    ...(Object.keys(match).length === 0 ? {} : { match }),
    receivers,
    ...(goesOn ? { continue: true } : {}),
  };
}

const joined = (some: readonly string[], more: readonly string[]): string[] => [...new Set([...some, ...more])];

/** Without those of which an earlier one takes everything. */
function reachable(routes: readonly OurRoute[]): OurRoute[] {
  const enders: (readonly string[])[] = [];
  return routes.filter(({ match, continue: goesOn }) => {
    const matchers = match?.matchers ?? [];
    if (isTaken(matchers, enders)) return false;
    if (goesOn !== true && match?.times === undefined) enders.push(matchers);
    return true;
  });
}

function reachableEndings(endings: readonly Ending[]): Ending[] {
  const enders: (readonly string[])[] = [];
  return endings.filter(({ matchers, times }) => {
    if (isTaken(matchers, enders)) return false;
    if (times.length === 0) enders.push(matchers);
    return true;
  });
}

const isTaken = (matchers: readonly string[], enders: readonly (readonly string[])[]): boolean =>
  enders.some((ender) => ender.every((matcher) => matchers.includes(matcher)));

/** A label cannot have two values. */
function contradict(matchers: readonly string[]): boolean {
  const values = new Map<string, string>();
  for (const matcher of matchers) {
    const [, name = "", value = ""] = /^([\p{L}\p{N}_.:-]+)=(".*)$/su.exec(matcher) ?? [];
    if (name === "") continue;
    if ((values.get(name) ?? value) !== value) return true;
    values.set(name, value);
  }
  return false;
}
