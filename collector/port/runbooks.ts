/** Where a rule's runbook is, for a person who reads an incident. */
export interface RunbookLink {
  /** The rule's name, which is the check of its alerts. */
  check: string;
  /** A path of the collector (`/runbooks/<pack>/<rule>`), or a web address that the rule names. */
  href: string;
}

/** The runbooks of the loaded packs. In memory: names that a caller gives never become paths. */
export interface RunbookShelf {
  /** By pack, then rule, in the order of the packs. */
  list(): readonly RunbookLink[];
  /** Of alerts that our own rules raised; undefined where the check is no rule's or has no runbook. */
  of(check: string): RunbookLink | undefined;
  /** Markdown; undefined where there is none. */
  text(pack: string, rule: string): string | undefined;
}

/** Sources whose checks are the names of our rules. */
const OURS: readonly string[] = ["agent", "collector"];

/** A web address in an alert: what sends alerts is hostile. */
const WEB_ADDRESS = /^https?:\/\/\S{1,500}$/i;

/** Of these alerts, each once, in their order; at most twenty. What an alert names itself, or what our own rule has. */
export function runbooksOf(
  alerts: readonly { source: string; check: string; runbook?: string; labels?: Readonly<Record<string, string>> }[],
  shelf: Pick<RunbookShelf, "of">,
): RunbookLink[] {
  const found = new Map<string, RunbookLink>();
  for (const { source, check, runbook, labels = {} } of alerts) {
    if (found.size >= 20) break;
    if (found.has(check)) continue;
    const href = [runbook, labels["runbook_url"], labels["runbook"]].find((each) => WEB_ADDRESS.test(each ?? ""));
    const link = href === undefined ? (OURS.includes(source) ? shelf.of(check) : undefined) : { check, href };
    if (link !== undefined) found.set(check, link);
  }
  return [...found.values()];
}
