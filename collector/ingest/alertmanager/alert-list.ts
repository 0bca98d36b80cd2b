import type { Alert } from "../../core/model/alert.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import type { Query } from "../../port/query.ts";
import type { AlertFilter } from "./alert-filter.ts";
import {
  type AlertStanding,
  fingerprintOf,
  generatorOf,
  halfPrintOf,
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

/** Alerts that pass a filter, and what was found out about them on the way. */
class Found {
  readonly alerts: Readonly<Alert>[] = [];
  /** For each, the first half of its fingerprint. */
  private readonly halves: number[] = [];

  add(alert: Readonly<Alert>): void {
    this.alerts.push(alert);
    this.halves.push(halfPrintOf(alert));
  }

  /**
   * In order of fingerprint. The first halves are sorted as plain numbers, with the place in the lower 21 bits: 10 ms for
   * 100,000, where comparing texts would hold everyone up for a fifth of a second.
   */
  *inOrder(): Generator<Readonly<Alert>> {
    const keys = Float64Array.from(this.halves, (half, place) => half * PLACES + place).sort();
    let from = 0;
    while (from < keys.length) {
      let to = from + 1;
      while (to < keys.length && halfOf(keys[to]) === halfOf(keys[from])) to += 1;
      if (to === from + 1) yield this.at(keys[from]);
      else yield* Array.from(keys.subarray(from, to), (key) => this.at(key)).sort(byPrint);
      from = to;
    }
  }

  private at(key: number | undefined): Readonly<Alert> {
    return this.alerts[(key ?? 0) % PLACES] as Readonly<Alert>;
  }
}

/** More alerts than that are in no memory. */
const PLACES = 2 ** 21;
const halfOf = (key: number | undefined): number => Math.floor((key ?? 0) / PLACES);

function byPrint(a: Readonly<Alert>, b: Readonly<Alert>): number {
  const [left, right] = [fingerprintOf(a), fingerprintOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
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

  async matching(): Promise<Found> {
    const { query, filter, standings, receivers } = this;
    const found = new Found();
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
      found.add(alert);
      if (found.alerts.length % AT_ONCE === 0) await nextTurn();
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
  *json(found: Found): Generator<Piece> {
    let shown: ShownAlert[] = [];
    let isFirst = true;
    for (const alert of found.inOrder()) {
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

/** GET /alerts: the JSON, in chunks, sorted by fingerprint. */
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

function* listPieces(found: Found, reading: Reading): Generator<Piece> {
  yield "[";
  yield* reading.json(found);
  yield "]";
}

interface Group {
  incident: string;
  receiver: string;
  found: Found;
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
  for (const alert of (await reading.matching()).alerts) {
    const incident = alert.incident ?? "";
    for (const receiver of reading.receivers.read(alert)) {
      if (!options.wanted(receiver)) continue;
      const key = `${incident}\n${receiver}`;
      let group = groups.get(key);
      if (group === undefined) groups.set(key, (group = { incident, receiver, found: new Found() }));
      group.found.add(alert);
    }
  }
  const { standings } = reading;
  const kept = [...groups.keys()].sort().flatMap((key) => groups.get(key) ?? []);
  const chosen = options.muted
    ? kept
    : kept.filter(({ found }) => found.alerts.some((alert) => !isMuted(standings.read(alert))));
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
