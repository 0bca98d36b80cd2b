import type { Alert } from "./alert.ts";
import type { Labels, Link } from "./event.ts";

const SLOTS = 4096;
const LISTS = 256;
const LABEL_SETS = 1024;
/** Longer texts seldom say the same as another one, and holding one back would cost more than it saves. */
const LENGTH_MAX = 1024;
/** So many characters of a text choose its slot: its last ones, in which the names of a series differ, and some of the others. */
const LAST_LOOKED_AT = 6;
const LOOKED_AT = 4;

/** What of an alert other alerts may have too. */
export type Said = Pick<Alert, "source" | "check" | "instance" | "summary" | "labels" | "annotations" | "links">;

const NO_LINKS: readonly Link[] = [];

const NO_LABELS: Labels = Object.freeze({});

/**
 * Makes equal texts of different alerts one text in memory. Alerts of one rule have its name, team, cluster, runbook and links in
 * common, and every message brings them anew: they were a tenth of what an alert costs. Nothing depends on it but memory.
 *
 * A text stands in the slot that its characters choose until another takes its place, so that nothing grows and a text that
 * never comes again is forgotten.
 */
export class SharedTexts {
  private readonly texts: string[] = Array.from<string>({ length: SLOTS }).fill("");
  private readonly lists: (readonly Link[])[] = Array.from({ length: LISTS }, () => NO_LINKS);
  private readonly labelSets: Labels[] = Array.from({ length: LABEL_SETS }, () => NO_LABELS);

  /** What it says stays the same. */
  share(alert: Said): void {
    alert.source = this.of(alert.source);
    alert.check = this.of(alert.check);
    alert.instance = this.of(alert.instance);
    alert.summary = this.of(alert.summary);
    alert.labels = this.labelsOf(alert.labels);
    alert.annotations = this.labelsOf(alert.annotations);
    alert.links = this.linksOf(alert.links);
  }

  private of(text: string, hash = hashOf(text)): string {
    if (text.length > LENGTH_MAX) return text;
    const slot = hash & (SLOTS - 1);
    const known = this.texts[slot];
    if (known === text) return known;
    this.texts[slot] = text;
    return text;
  }

  /** The same, of another alert where that has them in the same order; else with texts that are shared. */
  private labelsOf(labels: Labels): Labels {
    if (Object.isFrozen(labels)) return labels;
    const values = labels as Record<string, string>;
    let [hash, length] = [0, 0];
    // One text takes the place of an equal one: whoever else has these labels sees no difference.
    for (const name in values) {
      const text = values[name] ?? "";
      const own = hashOf(text);
      values[name] = this.of(text, own);
      hash = (Math.imul(hash, 31) + own) | 0;
      length += text.length;
    }
    if (length > LENGTH_MAX) return labels;
    const slot = (hash ^ (hash >>> 13)) & (LABEL_SETS - 1);
    const known = this.labelSets[slot] ?? NO_LABELS;
    if (areEqual(known, labels)) return known;
    this.labelSets[slot] = labels;
    return labels;
  }

  private linksOf(links: readonly Link[]): readonly Link[] {
    const [first] = links;
    if (first === undefined) return NO_LINKS;
    const slot = hashOf(first.href) & (LISTS - 1);
    const known = this.lists[slot];
    if (known !== undefined && isSame(known, links)) return known;
    if (links.every(({ href }) => href.length <= LENGTH_MAX)) this.lists[slot] = links;
    return links;
  }
}

/** Also in their order, which those who read them see. */
function areEqual(known: Labels, labels: Labels): boolean {
  // Mostly they are not, and are told apart without a list of their names.
  for (const name in labels) if (known[name] !== labels[name]) return false;
  const [names, others] = [Object.keys(known), Object.keys(labels)];
  return names.length === others.length && names.every((name, at) => name === others[at]);
}

function isSame(a: readonly Link[], b: readonly Link[]): boolean {
  return a.length === b.length && a.every(({ href, text }, index) => href === b[index]?.href && text === b[index].text);
}

/** Quick rather than good: a text in the wrong place only takes that place. */
function hashOf(text: string): number {
  const { length } = text;
  const from = Math.max(0, length - LAST_LOOKED_AT);
  const step = Math.max(1, Math.floor(from / LOOKED_AT));
  let hash = length;
  for (let at = length - 1; at >= from; at -= 1) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  for (let at = from - 1; at >= 0; at -= step) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash ^ (hash >>> 13);
}
