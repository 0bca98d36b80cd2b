import type { Alert } from "../../core/model/alert.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import type { Query } from "../../port/query.ts";
import type { AlertFilter } from "./alert-filter.ts";
import {
  type AlertStanding,
  fingerprintOf,
  generatorOf,
  ReceiverReader,
  type ShownAlert,
  shownLabels,
  StandingReader,
  TimeWriter,
} from "./alert-view.ts";

export type AlertQuery = Pick<Query, "liveAlerts" | "liveAlertsWith" | "silences" | "receiversOf">;

/** Alerts that become text in one call: some tenths of a millisecond. */
const WRITTEN_AT_ONCE = 128;
/** A chunk takes a millisecond to write. */
const CHUNK_LENGTH = 131_072;
/** Alerts looked at or written before others get their turn: a few milliseconds. */
const AT_ONCE = 2_000;

/** When an alert would time out, for display: as sent where that is remembered. */
export type EndsAtReader = (alert: Readonly<Alert>) => UnixMillis;

/**
 * A list of up to so many alerts is in order of fingerprint, as Alertmanager's is. A longer one is as the alerts came: to
 * visit 100,000 in another order than they lie in memory costs more than it does to write them.
 */
const SORTED_MAX = 2_000;

function inOrder(alerts: readonly Readonly<Alert>[]): readonly Readonly<Alert>[] {
  if (alerts.length > SORTED_MAX) return alerts;
  const byPrint = alerts.map((alert) => ({ alert, print: fingerprintOf(alert) }));
  byPrint.sort((a, b) => (a.print < b.print ? -1 : Number(a.print > b.print)));
  return byPrint.map(({ alert }) => alert);
}

const nextTurn = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/** What one request reads alerts with. */
class Reading {
  readonly query: AlertQuery;
  readonly filter: AlertFilter;
  readonly standings: StandingReader;
  readonly receivers: ReceiverReader;
  private readonly times = new TimeWriter();
  private readonly endsAt: EndsAtReader;

  constructor(query: AlertQuery, filter: AlertFilter, now: UnixMillis, endsAt: EndsAtReader) {
    this.query = query;
    this.filter = filter;
    this.endsAt = endsAt;
    this.standings = new StandingReader(query, now);
    this.receivers = new ReceiverReader(query);
  }

  async matching(): Promise<readonly Readonly<Alert>[]> {
    const { query, filter, standings, receivers } = this;
    const found: Readonly<Alert>[] = [];
    let looked = 0;
    const { having } = filter;
    const candidates = having === undefined ? undefined : query.liveAlertsWith?.(having.name, having.value);
    for (const alert of candidates ?? query.liveAlerts()) {
      looked += 1;
      // A plain label filter rejects 100,000 alerts in a millisecond or two; only what costs more yields.
      if (looked % (AT_ONCE * 10) === 0) await nextTurn();
      if (alert.status === "resolved" || !filter.byLabels(alert)) continue;
      if (filter.byReceiver !== undefined && !filter.byReceiver(receivers.read(alert))) continue;
      if (!filter.byStanding(standings.read(alert))) continue;
      found.push(alert);
      if (found.length % AT_ONCE === 0) await nextTurn();
    }
    return found;
  }

  show(alert: Readonly<Alert>): ShownAlert {
    const { times, standings, receivers } = this;
    return {
      annotations: alert.annotations,
      endsAt: times.text(this.endsAt(alert)),
      fingerprint: fingerprintOf(alert),
      receivers: receivers.named(alert),
      startsAt: times.text(alert.occurredAt),
      status: standings.read(alert),
      updatedAt: times.text(alert.lastSeenAt),
      generatorURL: generatorOf(alert),
      labels: shownLabels(alert),
    };
  }

  /**
   * The alerts as JSON with commas between them, many in one text: one call for many costs half of a call for each. Whole
   * pieces are bytes, of which only the brackets are taken away: cutting and joining texts would copy all of it twice more.
   */
  *json(found: readonly Readonly<Alert>[]): Generator<Piece> {
    let shown: ShownAlert[] = [];
    let isFirst = true;
    for (const alert of inOrder(found)) {
      shown.push(this.show(alert));
      if (shown.length < WRITTEN_AT_ONCE) continue;
      const bytes = Buffer.from(JSON.stringify(shown));
      bytes[0] = COMMA;
      yield bytes.subarray(isFirst ? 1 : 0, -1);
      isFirst = false;
      shown = [];
    }
    if (shown.length > 0) yield (isFirst ? "" : ",") + JSON.stringify(shown).slice(1, -1);
  }
}

type Piece = string | Buffer;
const COMMA = 0x2c;

/** The pieces in chunks; others get their turn in between. */
async function* inChunks(pieces: Iterable<Piece>): AsyncGenerator<Piece> {
  let chunk = "";
  for (const piece of pieces) {
    if (typeof piece === "string") {
      chunk += piece;
      if (chunk.length < CHUNK_LENGTH) continue;
    }
    if (chunk !== "") yield chunk;
    chunk = "";
    if (typeof piece !== "string") yield piece;
    await nextTurn();
  }
  yield chunk;
}

/** GET /alerts: the JSON, in chunks. */
export async function* alertList(
  query: AlertQuery,
  filter: AlertFilter,
  now: UnixMillis,
  endsAt: EndsAtReader,
): AsyncGenerator<Piece> {
  const reading = new Reading(query, filter, now, endsAt);
  const found = await reading.matching();
  yield* inChunks(listPieces(found, reading));
}

function* listPieces(found: readonly Readonly<Alert>[], reading: Reading): Generator<Piece> {
  yield "[";
  yield* reading.json(found);
  yield "]";
}

interface Group {
  incident: string;
  receiver: string;
  found: Readonly<Alert>[];
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
): AsyncGenerator<Piece> {
  const reading = new Reading(query, filter, options.now, options.endsAt);
  const groups = new Map<string, Group>();
  for (const alert of await reading.matching()) {
    const incident = alert.incident ?? "";
    for (const receiver of reading.receivers.read(alert)) {
      if (!options.wanted(receiver)) continue;
      const key = `${incident}\n${receiver}`;
      let group = groups.get(key);
      if (group === undefined) groups.set(key, (group = { incident, receiver, found: [] }));
      group.found.push(alert);
    }
  }
  const { standings } = reading;
  const kept = [...groups.keys()].sort().flatMap((key) => groups.get(key) ?? []);
  const chosen = options.muted
    ? kept
    : kept.filter(({ found }) => found.some((alert) => !isMuted(standings.read(alert))));
  yield* inChunks(groupPieces(chosen, reading));
}

/** Alerts that are in no incident may be all there are: a group is written alert by alert. */
function* groupPieces(groups: readonly Group[], reading: Reading): Generator<Piece> {
  yield "[";
  let between = "";
  for (const { incident, receiver, found } of groups) {
    yield `${between}{"alerts":[`;
    between = ",";
    yield* reading.json(found);
    const labels = incident === "" ? {} : { incident };
    yield `],"labels":${JSON.stringify(labels)},"receiver":${JSON.stringify({ name: receiver })},"routeLabels":{}}`;
  }
  yield "]";
}
