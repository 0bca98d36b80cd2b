import type { Alert } from "../../core/model/alert.ts";
import { Refusal } from "../../port/ingest.ts";
import { listOf } from "../field.ts";
import { alertLabel } from "../../core/model/alert-label.ts";
import type { LabelOf } from "../../core/model/matcher.ts";
import { compileMatchers, readMatchers, readRegex } from "../matcher.ts";
import type { Matcher } from "../../core/model/silence.ts";
import type { AlertStanding } from "./alert-view.ts";

export type QueryString = Readonly<Record<string, unknown>>;

/** A repeated query parameter as a list. */
function repeated(query: QueryString, name: string): readonly string[] {
  const value = query[name];
  if (typeof value === "string") return [value];
  return listOf(value).filter((item) => typeof item === "string");
}

/** A boolean query parameter; true by default. The last one wins where it is repeated. */
export function flag(query: QueryString, name: string): boolean {
  const value = repeated(query, name).at(-1);
  if (value === undefined || value === "") return true;
  if (/^(?:1|t|true|yes|on|y)$/i.test(value)) return true;
  if (/^(?:0|f|false|no|off|n)$/i.test(value)) return false;
  throw new Refusal(400, "badFlag", `${name} in query must be of type boolean: ${JSON.stringify(value)}`);
}

/** Every matcher of a repeated parameter. Throws a refusal that says which is bad. */
export function matchersOf(query: QueryString, name: string): readonly Matcher[] {
  return repeated(query, name).flatMap((text) => {
    const read = readMatchers(text);
    if (!read.ok) throw new Refusal(400, "badMatcher", read.message);
    return read.matchers;
  });
}

const EVERYTHING = (): boolean => true;

/** Which receivers are asked for: by the anchored expression `receiver`, and by `receiver_matchers` on labels, which ours lack. */
export function receiverFilter(query: QueryString): (name: string) => boolean {
  const byLabels = compileMatchers(matchersOf(query, "receiver_matchers"));
  if (!byLabels(() => "")) return () => false;
  const pattern = repeated(query, "receiver").at(-1);
  if (pattern === undefined || pattern === "") return EVERYTHING;
  const regex = readRegex(pattern);
  if (!regex.ok) throw new Refusal(400, "badReceiver", `failed to parse receiver param: ${regex.message}`);
  return regex.matches;
}

/** What a client asked for: by labels, by receiver, by how the alert stands. */
export interface AlertFilter {
  /** A label that every wanted alert has with this value; the most telling one of the matchers. */
  having: { name: string; value: string } | undefined;
  byLabels: (alert: Readonly<Alert>) => boolean;
  /** undefined = any will do. */
  byReceiver: ((receivers: readonly string[]) => boolean) | undefined;
  byStanding: (standing: AlertStanding) => boolean;
}

/** Throws a refusal for a bad parameter. */
export function alertFilter(query: QueryString): AlertFilter {
  const matchers = matchersOf(query, "filter");
  const holds = compileMatchers(matchers);
  const wanted = receiverFilter(query);
  const active = flag(query, "active");
  const silenced = flag(query, "silenced");
  const inhibited = flag(query, "inhibited");
  const unprocessed = flag(query, "unprocessed");
  return {
    having: mostTelling(matchers),
    byLabels: matchers.length === 0 ? EVERYTHING : quickly(matchers, holds),
    byReceiver: wanted === EVERYTHING ? undefined : (receivers) => receivers.some(wanted),
    byStanding: ({ state, silencedBy, inhibitedBy }) =>
      (active || state !== "active") &&
      (unprocessed || state !== "unprocessed") &&
      (silenced || silencedBy.length === 0) &&
      (inhibited || inhibitedBy.length === 0),
  };
}

/** Labels that many alerts share: little is won by going through them. */
const SHARED: ReadonlySet<string> = new Set([
  "severity",
  "alertname",
  "check",
  "job",
  "source",
  "cluster",
  "env",
  "team",
]);

const isEquality = ({ isEqual, isRegex, value }: Matcher): boolean => isEqual && !isRegex && value !== "";

function mostTelling(matchers: readonly Matcher[]): AlertFilter["having"] {
  const equalities = matchers.filter(isEquality);
  return equalities.find(({ name }) => !SHARED.has(name)) ?? equalities[0];
}

/** Among many alerts nearly all fail an equality on a label that they have; that is looked at first, without a look-up function. */
function quickly(
  matchers: readonly Matcher[],
  holds: (labelOf: LabelOf) => boolean,
): (alert: Readonly<Alert>) => boolean {
  const equality = matchers.find(isEquality);
  if (equality === undefined) return (alert) => holds((label) => alertLabel(alert, label));
  const { name, value } = equality;
  return (alert) => {
    const label = alert.labels[name];
    if (label !== undefined && label !== value) return false;
    return holds((other) => alertLabel(alert, other));
  };
}
