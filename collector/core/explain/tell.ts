import type { LedgerRecord } from "../model/ledger.ts";
import type { WaitingMessage } from "../model/notification.ts";
import { formatTime, type UnixMillis } from "../model/time.ts";
import { factText, muteName, phraseOf, rootPhrase } from "./phrase.ts";

/** Why something happened, or did not, for a person. Made of ledger records and nothing else. */
export interface Story {
  question: string;
  /** One sentence. */
  answer: string;
  /** Strongest first. */
  because: string[];
  /** What would have happened without each of the things that decided. */
  otherwise: string[];
  /** Everything that was decided, in order. */
  steps: { at: string; text: string }[];
}

const STEPS_MAX = 200;
/** A storm's joins are told by the first and a count. */
const JOINS_SHOWN = 5;
/** Decisions about a CI this long before the asked time may explain it. */
const LOOK_BACK_MS = 24 * 3_600_000;

/**
 * Why was I paged for this incident, or why not. `records`: of the incident and of those merged into it, oldest first.
 * `waiting`: messages about it that have not come to their receivers.
 */
export function tellIncident(
  records: readonly LedgerRecord[],
  name: string,
  waiting: readonly WaitingMessage[] = [],
): Story {
  const pages = records.filter((record) => record.decision === "notification.decided" && record.facts["page"] === true);
  const [first] = pages;
  if (first === undefined) return tellUnpaged(records, name, waiting);
  const receivers = [...new Set(pages.map((page) => factText(page, "receiver")))];
  const late = firstOfEach(waiting.filter(({ page, receiver }) => page && receivers.includes(receiver)));
  const same = records.filter(({ incident, at }) => incident === first.incident && at <= first.at);
  const last = (decision: string): LedgerRecord | undefined => same.findLast((record) => record.decision === decision);
  const [root, priority, held] = [last("root.changed"), last("priority.changed"), last("notification.held")];
  const named = rootPhrase(first);
  const because = [
    ...first.reasons,
    ...(named === null ? [] : [named]),
    ...(priority === undefined ? [] : [phraseOf(priority)]),
    ...(held === undefined ? [] : [phraseOf(held)]),
  ];
  return {
    question: `Why was somebody paged for ${name}?`,
    answer: `${receivers.join(", ")} ${pagedSince(receivers, late)} ${formatTime(first.at)}${more(pages.length - receivers.length)}.${undelivered(records, receivers)}${stillTried(late)}`,
    because,
    otherwise: counterfactuals([first, root, held]),
    steps: stepsOf(records),
  };
}

/** What was decided and never came to somebody: the answer must not read as if it had. */
function undelivered(records: readonly LedgerRecord[], receivers: readonly string[]): string {
  const failed = records.filter(({ decision, rule }) => decision === "notification.failed" && receivers.includes(rule));
  const said = [...new Set(failed.flatMap(({ reasons }) => reasons))];
  return said.length === 0 ? "" : ` But ${said.join("; ")}.`;
}

/** Nobody was paged as long as it has come to nobody. */
function pagedSince(receivers: readonly string[], late: readonly WaitingMessage[]): string {
  const isOne = receivers.length === 1;
  if (late.length === receivers.length) return `${isOne ? "is" : "are"} being paged since`;
  return `${isOne ? "was" : "were"} paged at`;
}

function firstOfEach(waiting: readonly WaitingMessage[]): WaitingMessage[] {
  return waiting.filter((one, at) => waiting.findIndex(({ receiver }) => receiver === one.receiver) === at);
}

/** Who is to be told and does not know yet. */
function stillTried(late: readonly WaitingMessage[]): string {
  return late
    .map(({ receiver, attempts, failure }) => {
      const tried = attempts === 0 ? "" : ` after ${attempts === 1 ? "1 attempt" : `${attempts} attempts`}`;
      return ` ${receiver} has not got it yet${tried}${failure === null ? "" : ` (${failure})`}; it is still being tried.`;
    })
    .join("");
}

function more(extra: number): string {
  if (extra <= 0) return "";
  return extra === 1 ? ", and once more later" : `, and ${extra} times more later`;
}

/** The incident exists and nobody was woken. */
function tellUnpaged(records: readonly LedgerRecord[], name: string, waiting: readonly WaitingMessage[]): Story {
  const withheld = records.findLast((record) => record.decision === "notification.withheld");
  const told = records.find((record) => record.decision === "notification.decided");
  const held = records.findLast((record) => record.decision === "notification.held");
  const decisive = withheld ?? told ?? held;
  const question = `Why was nobody paged for ${name}?`;
  if (decisive === undefined) {
    const answer =
      records.length === 0 ? "Nothing is recorded about it." : "Nothing was decided about telling anybody yet.";
    return { question, answer, because: [], otherwise: [], steps: stepsOf(records) };
  }
  const names = toldWith(decisive, records);
  const late = firstOfEach(waiting.filter(({ kind, receiver }) => kind === decisive.rule && names.includes(receiver)));
  const answers: Readonly<Record<string, string>> = {
    "notification.withheld": `Nobody was told: ${decisive.rule.split(", ").map(muteName).join(", ")}.`,
    "notification.decided": `${names.join(", ")} ${names.length === 1 ? "was" : "were"} told at ${formatTime(decisive.at)}, without a page.${undelivered(records, names)}${stillTried(late)}`,
    "notification.held": "The first word is still held back.",
  };
  return {
    question,
    answer: answers[decisive.decision] ?? phraseOf(decisive),
    because: decisive.decision === "notification.held" ? [phraseOf(decisive)] : [...decisive.reasons],
    otherwise: counterfactuals([decisive, held]),
    steps: stepsOf(records),
  };
}

/** Who was told in one go with the first. */
function toldWith(first: LedgerRecord, records: readonly LedgerRecord[]): string[] {
  const same = records.filter(
    ({ decision, rule, at }) => decision === first.decision && rule === first.rule && at === first.at,
  );
  return [...new Set(same.map((record) => factText(record, "receiver")))];
}

/** Decisions that keep an alert on a CI from waking anybody, weakest last. */
const SILENCING = [
  "alert.withheld",
  "alert.muted",
  "alert.late",
  "alert.unobserved",
  "alert.flapping",
  "alert.presumed",
  "alert.expired",
  "alert.dropped",
];

/** These concern one alert or check of the CI, and do not take it out of its incident. */
const BESIDES = ["alert.unobserved", "alert.dropped", "alert.expired", "alert.presumed"];

/**
 * Why was I (not) paged about this CI at that time. `records`: about the CI, and of the incidents that its alerts were in
 * and of those they became part of, oldest first.
 *
 * @param options.hit an incident that says it hits the CI, of which itself nothing is known
 * @param options.waiting messages about these incidents that have not come to their receivers
 */
export function tellCi(
  records: readonly LedgerRecord[],
  ci: string,
  at: UnixMillis,
  { hit = null, waiting = [] }: { hit?: string | null; waiting?: readonly WaitingMessage[] } = {},
): Story {
  const known = records.filter((record) => record.at <= at && record.at > at - LOOK_BACK_MS);
  const own = known.filter((record) => record.ci === ci);
  const stopped = own.findLast((record) => SILENCING.includes(record.decision));
  const question = `What was decided about ${ci} up to ${formatTime(at)}?`;
  const part = partOf(own, known, stopped, { ci, hit });
  if (part !== null) {
    const { text, inside, joined } = part;
    const story = tellIncident(
      inside,
      "the incident",
      waiting.filter((message) => message.at <= at),
    );
    return {
      ...story,
      question,
      because: [text, ...(stopped === undefined ? [] : [phraseOf(stopped)]), ...story.because],
      otherwise: [...counterfactuals([joined, stopped]), ...story.otherwise],
    };
  }
  if (stopped === undefined) {
    const answer = own.length === 0 ? "Nothing is recorded about it in the day before." : "Nothing kept it back.";
    return { question, answer, because: [], otherwise: [], steps: stepsOf(own) };
  }
  return {
    question,
    answer: `Nobody was told: ${phraseOf(stopped)}.`,
    because: [...stopped.reasons],
    otherwise: counterfactuals([stopped]),
    steps: stepsOf(own),
  };
}

interface Part {
  text: string;
  /** What was decided about the incident. */
  inside: readonly LedgerRecord[];
  joined: LedgerRecord | undefined;
}

/** What a CI has to do with an incident: its alert is in it, or it is taken for the root, or it is hit; null = nothing. */
function partOf(
  own: readonly LedgerRecord[],
  known: readonly LedgerRecord[],
  stopped: LedgerRecord | undefined,
  { ci, hit }: { ci: string; hit: string | null },
): Part | null {
  const holds = (record: LedgerRecord | undefined): record is LedgerRecord =>
    record !== undefined &&
    (stopped === undefined ||
      stopped.at <= record.at ||
      BESIDES.includes(stopped.decision) ||
      isToldBetween(known, record, stopped));
  const joined = own.findLast(({ decision }) => decision === "alert.joined" || decision === "alert.moved");
  const named = own.findLast(({ decision }) => decision === "root.changed");
  const incident = holds(joined) ? joined.incident : holds(named) ? named.incident : stopped === undefined ? hit : null;
  if (incident === null) return null;
  const home = survivorOf(incident, known);
  const inside = known.filter((record) => record.incident !== null && survivorOf(record.incident, known) === home);
  const opened = inside.findLast((record) => record.decision === "incident.opened" && record.incident === home);
  const name = opened === undefined ? home : `incident ${factText(opened, "number")}`;
  if (holds(joined)) {
    // It came to an incident that was there, or is what it began with: then there is no "alone" to speak of.
    const isFirst = home === incident && joined.decision === "alert.joined" && joined.counterfactual === null;
    const why = lastMerge(incident, known) ?? joined;
    const text = `${isFirst ? "its alert opened" : "its alert is part of"} ${name}: ${why.reasons.join("; ")}`;
    return { text, inside, joined };
  }
  const root = inside.findLast(({ decision }) => decision === "root.changed");
  const text = holds(named)
    ? `${root?.ci === ci ? "it is" : "for a time it was"} taken for the root cause of ${name}`
    : `${name} hits it`;
  return { text, inside, joined: undefined };
}

/** What came after somebody was told has kept nothing back. */
function isToldBetween(known: readonly LedgerRecord[], { incident, at }: LedgerRecord, stopped: LedgerRecord): boolean {
  return known.some(
    (record) =>
      record.decision === "notification.decided" &&
      record.incident === incident &&
      record.at >= at &&
      record.at < stopped.at,
  );
}

const lastMerge = (incident: string, known: readonly LedgerRecord[]): LedgerRecord | undefined =>
  known.findLast((record) => record.decision === "incident.merged" && record.incident === incident);

/** Incidents become part of others, and these of others again; none of itself. */
const MERGES_MAX = 20;

function survivorOf(incident: string, known: readonly LedgerRecord[]): string {
  let found = incident;
  for (let merges = 0; merges < MERGES_MAX; merges += 1) {
    const into = lastMerge(found, known)?.facts["into"];
    if (typeof into !== "string") break;
    found = into;
  }
  return found;
}

function counterfactuals(records: readonly (LedgerRecord | undefined)[]): string[] {
  const said = [...new Set(records.flatMap((record) => record?.counterfactual ?? []))];
  // "… it would have been told" says no less where "… it would have been told at once" follows.
  return said.filter((text) => !said.some((other) => other !== text && other.startsWith(text)));
}

function stepsOf(records: readonly LedgerRecord[]): Story["steps"] {
  const steps: Story["steps"] = [];
  let joins = 0;
  const tellJoins = (): void => {
    const hidden = joins - JOINS_SHOWN;
    const last = steps.at(-1);
    if (hidden > 0 && last !== undefined) last.text += ` (and ${hidden} more)`;
    joins = 0;
  };
  for (const record of records) {
    if (record.decision === "alert.joined" || record.decision === "alert.unobserved") {
      joins += 1;
      if (joins > JOINS_SHOWN) continue;
    } else tellJoins();
    steps.push({ at: formatTime(record.at), text: phraseOf(record) });
  }
  tellJoins();
  if (steps.length <= STEPS_MAX) return steps;
  const cut = steps.length - STEPS_MAX;
  const gap = { at: steps[STEPS_MAX / 2]?.at ?? "", text: `… ${cut} more decisions …` };
  return [...steps.slice(0, STEPS_MAX / 2), gap, ...steps.slice(steps.length - STEPS_MAX / 2)];
}

/** The story as text, for a terminal or a chat. */
export function storyText(story: Readonly<Story>): string {
  const lines = [story.question, story.answer];
  const section = (title: string, items: readonly string[]): void => {
    if (items.length > 0) lines.push("", title, ...items.map((item) => `  - ${item}`));
  };
  section("Because", story.because);
  section("Otherwise", story.otherwise);
  section(
    "What was decided",
    story.steps.map(({ at, text }) => `${at}  ${text}`),
  );
  return `${lines.join("\n")}\n`;
}
