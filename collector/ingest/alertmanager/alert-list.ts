import type { Alert } from "../../core/model/alert.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import type { Query } from "../../port/query.ts";
import type { AlertFilter } from "./alert-filter.ts";
import { alertJson, fingerprintOf, ReceiverReader, receiverJson, StandingReader } from "./alert-view.ts";
import type { AlertStanding } from "./alert-view.ts";

export type AlertQuery = Pick<Query, "liveAlerts" | "liveAlertsWith" | "silences" | "receiversOf">;

/** Alerts looked at or written before others get their turn: a few milliseconds. */
const AT_ONCE = 2_000;

/** When an alert would time out, for display: as sent where that is remembered. */
export type EndsAtReader = (alert: Readonly<Alert>) => UnixMillis;

interface Shown {
  alert: Readonly<Alert>;
  print: string;
  receivers: readonly string[];
}

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** The alerts that pass the filter, with what the filter had to find out anyway. */
async function matching(query: AlertQuery, filter: AlertFilter, standings: StandingReader): Promise<Shown[]> {
  const receivers = new ReceiverReader(query);
  const found: Shown[] = [];
  let looked = 0;
  const { having } = filter;
  const candidates = having === undefined ? undefined : query.liveAlertsWith?.(having.name, having.value);
  for (const alert of candidates ?? query.liveAlerts()) {
    looked += 1;
    // A plain label filter rejects 100,000 alerts in a millisecond or two; only what costs more yields.
    if (looked % (AT_ONCE * 10) === 0) await nextTurn();
    if (alert.status === "resolved" || !filter.byLabels(alert)) continue;
    const to = receivers.read(alert);
    if (!filter.byReceiver(to) || !filter.byStanding(standings.read(alert))) continue;
    found.push({ alert, print: fingerprintOf(alert), receivers: to });
    if (found.length % AT_ONCE === 0) await nextTurn();
  }
  return found;
}

/** In order of fingerprint, a part at a time: sorting 100,000 at once would hold everyone up. */
function* inOrder(found: readonly Shown[]): Generator<Shown> {
  if (found.length <= AT_ONCE) {
    yield* [...found].sort(byPrint);
    return;
  }
  const buckets = new Map<string, Shown[]>();
  for (const shown of found) {
    const start = shown.print.slice(0, 2);
    const bucket = buckets.get(start);
    if (bucket === undefined) buckets.set(start, [shown]);
    else bucket.push(shown);
  }
  for (const start of [...buckets.keys()].sort()) yield* (buckets.get(start) ?? []).sort(byPrint);
}

const byPrint = (a: Shown, b: Shown): number => (a.print < b.print ? -1 : a.print > b.print ? 1 : 0);

/** `[`, the items separated by commas, `]`, in chunks of some ten kilobytes; others get their turn in between. */
async function* jsonList(items: Iterable<string>): AsyncGenerator<string> {
  let chunk = "[";
  let first = true;
  for (const item of items) {
    chunk += first ? item : `,${item}`;
    first = false;
    if (chunk.length < 65_536) continue;
    yield chunk;
    chunk = "";
    await nextTurn();
  }
  yield `${chunk}]`;
}

/** GET /alerts: the JSON, in chunks, sorted by fingerprint. */
export async function* alertList(
  query: AlertQuery,
  filter: AlertFilter,
  now: UnixMillis,
  endsAt: EndsAtReader,
): AsyncGenerator<string> {
  const standings = new StandingReader(query, now);
  const found = await matching(query, filter, standings);
  yield* jsonList(written(inOrder(found), standings, endsAt));
}

function* written(items: Iterable<Shown>, standings: StandingReader, endsAt: EndsAtReader): Generator<string> {
  for (const { alert, receivers } of items) yield alertJson(alert, standings.read(alert), receivers, endsAt(alert));
}

interface Group {
  incident: string;
  receiver: string;
  alerts: Shown[];
}

const isMuted = (standing: AlertStanding): boolean => standing.state === "suppressed";

/**
 * GET /alerts/groups: a group is an incident for one receiver; alerts that are in no incident share one group per receiver.
 *
 * @param muted false leaves out groups of which all alerts are muted.
 * @param wanted which receivers' groups are asked for.
 */
export async function* groupList(
  query: AlertQuery,
  filter: AlertFilter,
  options: { now: UnixMillis; muted: boolean; wanted: (receiver: string) => boolean; endsAt: EndsAtReader },
): AsyncGenerator<string> {
  const standings = new StandingReader(query, options.now);
  const groups = new Map<string, Group>();
  for (const shown of await matching(query, filter, standings)) {
    const incident = shown.alert.incident ?? "";
    for (const receiver of shown.receivers) {
      if (!options.wanted(receiver)) continue;
      const key = `${incident}\n${receiver}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, { incident, receiver, alerts: [shown] });
      else group.alerts.push(shown);
    }
  }
  const kept = [...groups.keys()].sort().flatMap((key) => groups.get(key) ?? []);
  const chosen = options.muted
    ? kept
    : kept.filter((group) => group.alerts.some(({ alert }) => !isMuted(standings.read(alert))));
  for await (const chunk of jsonList(groupParts(chosen, standings, options.endsAt))) yield chunk;
}

/** Each group as one text: an incident has thousands of alerts at most. */
function* groupParts(groups: readonly Group[], standings: StandingReader, endsAt: EndsAtReader): Generator<string> {
  for (const { incident, receiver, alerts } of groups) {
    const labels = incident === "" ? {} : { incident };
    const items = [...written(inOrder(alerts), standings, endsAt)];
    yield `{"alerts":[${items.join(",")}],"labels":${JSON.stringify(labels)},"receiver":${receiverJson(receiver)},"routeLabels":{}}`;
  }
}
