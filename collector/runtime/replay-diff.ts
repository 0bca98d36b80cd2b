import type { ReplayIncident, ReplayNotification, ReplayResult } from "./replay-result.ts";

/** An incident as a comparison names it. */
export interface DiffIncident {
  id: string;
  number: number;
  title: string;
  priority: string;
  rootCause: string | null;
  alerts: number;
}

export interface DiffPage {
  at: string;
  receiver: string;
  kind: string;
  priority: string;
  rootCause: string | null;
  incident: DiffIncident;
}

/** What other rules, another CMDB or other settings would have changed. `before` is the other result, `after` this one. */
export interface ReplayDiff {
  pages: {
    added: DiffPage[];
    removed: DiffPage[];
    /** The same fault at another time, with another root, or to another receiver. */
    moved: { before: DiffPage; after: DiffPage }[];
    unchanged: number;
  };
  incidents: {
    added: DiffIncident[];
    removed: DiffIncident[];
    /** One became several. */
    split: { before: DiffIncident; after: DiffIncident[] }[];
    /** Several became one. */
    merged: { before: DiffIncident[]; after: DiffIncident }[];
    rootChanged: { before: DiffIncident; after: DiffIncident }[];
    unchanged: number;
  };
}

/** An incident with all that was merged into it. */
interface Group {
  incident: ReplayIncident;
  events: Set<string>;
  pages: DiffPage[];
}

/** Compares by the events that incidents are made of: ids and numbers of two runs mean nothing to each other. */
export function diffReplays(
  before: Pick<ReplayResult, "incidents">,
  after: Pick<ReplayResult, "incidents">,
): ReplayDiff {
  const old = groupsOf(before);
  const now = groupsOf(after);
  const links = linksOf(old, now);
  const diff: ReplayDiff = {
    pages: { added: [], removed: [], moved: [], unchanged: 0 },
    incidents: { added: [], removed: [], split: [], merged: [], rootChanged: [], unchanged: 0 },
  };
  compareStructure(diff, old, now, links);
  comparePages(diff, old, now, links);
  return diff;
}

function groupsOf({ incidents }: Pick<ReplayResult, "incidents">): Group[] {
  const byId = new Map(incidents.map((incident) => [incident.id, incident]));
  const survivor = (incident: ReplayIncident): ReplayIncident => {
    const seen = new Set<string>();
    let found = incident;
    while (found.mergedInto !== null && !seen.has(found.id)) {
      seen.add(found.id);
      const next = byId.get(found.mergedInto);
      if (next === undefined) break;
      found = next;
    }
    return found;
  };
  const groups = new Map<string, Group>();
  for (const incident of incidents) {
    const root = survivor(incident);
    const group = groups.get(root.id) ?? { incident: root, events: new Set(), pages: [] };
    groups.set(root.id, group);
    for (const alert of incident.alerts ?? []) for (const id of alert.eventIds ?? []) group.events.add(id);
    for (const notification of incident.notifications ?? []) {
      if (notification.page) group.pages.push(pageOf(notification, root));
    }
  }
  return [...groups.values()].filter((group) => group.events.size > 0 || group.pages.length > 0);
}

function nameOf(incident: ReplayIncident): DiffIncident {
  const { id, number, title, priority, rootCause } = incident;
  return { id, number, title, priority, rootCause: rootCause.ci, alerts: incident.alerts.length };
}

function pageOf({ at, receiver, kind, priority, rootCause }: ReplayNotification, incident: ReplayIncident): DiffPage {
  return { at, receiver, kind, priority, rootCause, incident: nameOf(incident) };
}

/** Which groups of the two runs share events, and how many. */
interface Links {
  /** By index of the old group: the new ones, most shared events first. */
  forward: number[][];
  back: number[][];
}

function linksOf(old: readonly Group[], now: readonly Group[]): Links {
  const home = new Map<string, number>();
  old.forEach((group, index) => {
    for (const id of group.events) home.set(id, index);
  });
  const shared = now.map((group) => {
    const counts = new Map<number, number>();
    for (const id of group.events) {
      const from = home.get(id);
      if (from !== undefined) counts.set(from, (counts.get(from) ?? 0) + 1);
    }
    return counts;
  });
  const most = (a: [number, number], b: [number, number]): number => b[1] - a[1] || a[0] - b[0];
  const back = shared.map((counts) => [...counts].sort(most).map(([index]) => index));
  const forward = old.map((_, index) =>
    shared
      .map((counts, to): [number, number] => [to, counts.get(index) ?? 0])
      .filter(([, count]) => count > 0)
      .sort(most)
      .map(([to]) => to),
  );
  return { forward, back };
}

function compareStructure(diff: ReplayDiff, old: readonly Group[], now: readonly Group[], links: Links): void {
  const { incidents } = diff;
  old.forEach((group, index) => {
    const into = at(links.forward, index);
    if (into.length === 0) incidents.removed.push(nameOf(group.incident));
    else if (into.length > 1) {
      incidents.split.push({ before: nameOf(group.incident), after: into.map((to) => nameOf(pick(now, to).incident)) });
    }
  });
  now.forEach((group, index) => {
    const from = at(links.back, index);
    const after = nameOf(group.incident);
    if (from.length === 0) incidents.added.push(after);
    else if (from.length > 1) {
      incidents.merged.push({ before: from.map((one) => nameOf(pick(old, one).incident)), after });
    } else if (at(links.forward, from[0] ?? 0).length === 1) {
      const before = nameOf(pick(old, from[0] ?? 0).incident);
      if (before.rootCause === after.rootCause) incidents.unchanged += 1;
      else incidents.rootChanged.push({ before, after });
    }
  });
}

/**
 * Pages of one fault to one receiver are paired in the order of their times; what is left, whoever got it: where routes or
 * names of receivers differ, the page of a fault moves to another receiver.
 */
function comparePages(diff: ReplayDiff, old: readonly Group[], now: readonly Group[], links: Links): void {
  const { pages } = diff;
  const waiting = old.map((group) => [...group.pages]);
  const alone: { after: DiffPage; from: readonly number[] }[] = [];
  now.forEach((group, index) => {
    const from = at(links.back, index);
    for (const after of group.pages) {
      const before = takePage(waiting, from, after.receiver);
      if (before === undefined) alone.push({ after, from });
      else if (before.at === after.at && before.rootCause === after.rootCause) pages.unchanged += 1;
      else pages.moved.push({ before, after });
    }
  });
  for (const { after, from } of alone) {
    const before = takePage(waiting, from, null);
    if (before === undefined) pages.added.push(after);
    else pages.moved.push({ before, after });
  }
  for (const left of waiting) pages.removed.push(...left);
}

function takePage(waiting: DiffPage[][], from: readonly number[], receiver: string | null): DiffPage | undefined {
  for (const index of from) {
    const list = waiting[index] ?? [];
    const found = list.findIndex((page) => receiver === null || page.receiver === receiver);
    if (found >= 0) return list.splice(found, 1)[0];
  }
  return undefined;
}

function at(lists: readonly number[][], index: number): readonly number[] {
  return lists[index] ?? [];
}

function pick(groups: readonly Group[], index: number): Group {
  const group = groups[index];
  if (group === undefined) throw new Error(`no group ${index}`);
  return group;
}

/** True when the two runs say the same of pages and incidents. */
export function isSame(diff: ReplayDiff): boolean {
  const { pages, incidents } = diff;
  return (
    pages.added.length + pages.removed.length + pages.moved.length === 0 &&
    incidents.added.length + incidents.removed.length + incidents.split.length + incidents.merged.length === 0 &&
    incidents.rootChanged.length === 0
  );
}
