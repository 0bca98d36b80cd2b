import type { IncidentId } from "../model/identity.ts";
import type { UnixMillis } from "../model/time.ts";
import type { AgendaMarks } from "./agenda.ts";

/** Someone was woken for this incident, or it grew fast, at that time. */
export interface Moment {
  incident: IncidentId;
  at: UnixMillis;
}

/** What correlation keeps that is of no single alert or incident: one small record. */
export interface Common {
  /** How much all graphs before this one had gained. */
  graphBase: number;
  /** Notes that were read before this had been gained were read again then. */
  readAt: number;
  orders: number;
  forgotUntil: UnixMillis;
  rootOrders: number;
  agenda: AgendaMarks;
  storm: Moment | null;
  paged: readonly Moment[];
  /** Incidents whose verdict waits for the next input. */
  stale: readonly IncidentId[];
  /** When learned relations fade. */
  fadeAt: UnixMillis | null;
}

/** How the rest is to be read. */
const FORM = 2;
const FIRST_MARK = 7;
const AGENDA = 7;

type Flat = readonly (number | string | null)[];

/** As it is stored: a list without lists in it. */
export function commonRecord(common: Common): Flat {
  const flat: (number | string | null)[] = [FORM];
  tell(common, (value) => flat.push(value));
  return flat;
}

/** All of it, value by value, in the order in which it is stored. */
function tell(common: Common, say: (value: number | string | null) => unknown): void {
  const { agenda, storm, paged, stale } = common;
  say(common.graphBase);
  say(common.readAt);
  say(common.orders);
  say(common.forgotUntil);
  say(common.rootOrders);
  // Here stood when threads of what is over were looked for.
  say(0);
  for (const mark of agenda) say(mark);
  say(common.fadeAt);
  say(storm === null ? null : storm.incident);
  say(storm === null ? 0 : storm.at);
  say(paged.length);
  for (const { incident, at } of paged) {
    say(incident);
    say(at);
  }
  for (const incident of stale) say(incident);
}

/** null: nothing was stored, or by a program that stored something else. */
export function readCommon(value: unknown): Common | null {
  if (!Array.isArray(value) || value[0] !== FORM) return null;
  const [, graphBase, readAt, orders, forgotUntil, rootOrders] = value as number[];
  const marks = value.slice(FIRST_MARK, FIRST_MARK + AGENDA) as unknown as AgendaMarks;
  const [fadeAt, incident, stormAt, pages] = value.slice(FIRST_MARK + AGENDA) as [
    UnixMillis | null,
    IncidentId | null,
    UnixMillis,
    number,
  ];
  const rest = value.slice(FIRST_MARK + AGENDA + 4) as (IncidentId | UnixMillis)[];
  const paged: Moment[] = [];
  for (let page = 0; page < pages; page += 1)
    paged.push({ incident: rest[2 * page] as IncidentId, at: rest[2 * page + 1] as UnixMillis });
  return {
    graphBase: graphBase ?? 0,
    readAt: readAt ?? 0,
    orders: orders ?? 0,
    forgotUntil: forgotUntil ?? 0,
    rootOrders: rootOrders ?? 0,
    agenda: marks,
    storm: incident === null ? null : { incident, at: stormAt },
    paged,
    stale: rest.slice(2 * pages) as IncidentId[],
    fadeAt,
  };
}

/** What was told last. Asked at every step: it makes nothing. */
export class ToldCommon {
  private readonly told: (number | string | null)[] = [];
  private at = 0;
  private hasNews = false;
  private readonly compare = (value: number | string | null): void => {
    if (this.told[this.at] !== value) {
      this.told[this.at] = value;
      this.hasNews = true;
    }
    this.at += 1;
  };

  /** Whether it differs from the last one that was shown; from now on this is the last one. */
  isNews(common: Common): boolean {
    this.at = 0;
    this.hasNews = false;
    tell(common, this.compare);
    if (this.told.length > this.at) {
      this.told.length = this.at;
      this.hasNews = true;
    }
    return this.hasNews;
  }
}
