import type { LoadedEntity, Touch } from "../../port/store.ts";

export interface EntityPlace {
  kind: string;
  id: string;
}

export interface EntityRow extends EntityPlace {
  /** null: something newer is known of it, or it is gone. */
  body: string | null;
  touch: Omit<Touch, "alert"> | null;
}

/**
 * Some entities on their way from the store's thread: one long text and lists of numbers, for what crosses over is copied
 * value by value, and a restart has a hundred thousand entities.
 */
export interface EntityPage {
  /** Kind, how many, kind, how many … */
  kinds: (string | number)[];
  ids: string[];
  /** End to end. */
  bodies: string;
  lengths: Int32Array;
  /** Six numbers for each entity that has a touch: its place, and the touch. NaN = null. */
  touches: Float64Array;
}

/** A part of what a restart reads: JSON arrays of event ids, oldest first, or entities. */
export type LoadPage = { eventIds: string[] } | { entities: EntityPage };

const TOUCH_LENGTH = 6;

export function packPage(rows: readonly EntityRow[]): EntityPage {
  const kinds: (string | number)[] = [];
  const ids: string[] = [];
  const bodies: string[] = [];
  const touches: number[] = [];
  for (const { kind, id, body, touch } of rows) {
    if (body === null) continue;
    if (kinds.at(-2) === kind) kinds[kinds.length - 1] = Number(kinds.at(-1)) + 1;
    else kinds.push(kind, 1);
    if (touch !== null) {
      const { lastSeenAt, lastOccurredAt, count, expiresAfterMs, expiresAt } = touch;
      touches.push(ids.length, lastSeenAt, lastOccurredAt, count);
      touches.push(expiresAfterMs ?? Number.NaN, expiresAt ?? Number.NaN);
    }
    ids.push(id);
    bodies.push(body);
  }
  return {
    kinds,
    ids,
    bodies: bodies.join(""),
    lengths: Int32Array.from(bodies, (body) => body.length),
    touches: Float64Array.from(touches),
  };
}

export function unpackPage({ kinds, ids, bodies, lengths, touches }: EntityPage): LoadedEntity[] {
  const entities: LoadedEntity[] = [];
  let from = 0;
  for (let run = 0; run < kinds.length; run += 2) {
    const kind = kinds[run] as LoadedEntity["kind"];
    const end = entities.length + Number(kinds[run + 1]);
    for (let place = entities.length; place < end; place += 1) {
      const length = lengths[place] ?? 0;
      entities.push({ kind, id: ids[place] ?? "", body: bodies.slice(from, from + length), touch: null });
      from += length;
    }
  }
  for (let at = 0; at < touches.length; at += TOUCH_LENGTH) {
    const entity = entities[touches[at] ?? -1];
    if (entity === undefined) continue;
    entity.touch = {
      alert: entity.id,
      lastSeenAt: touches[at + 1] ?? 0,
      lastOccurredAt: touches[at + 2] ?? 0,
      count: touches[at + 3] ?? 0,
      expiresAfterMs: numberOrNull(touches[at + 4]),
      expiresAt: numberOrNull(touches[at + 5]),
    };
  }
  return entities;
}

function numberOrNull(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}
