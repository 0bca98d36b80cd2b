import { Buffer } from "node:buffer";
import type { LoadedEntity, Touch } from "../../port/store.ts";

export interface EntityRow {
  kind: string;
  id: string;
  /** By what its kind is ordered: see `sortKey`. */
  born: number;
  /** null: something newer is known of it, or it is gone. */
  body: string | null;
  touch: Omit<Touch, "alert"> | null;
}

/**
 * Some entities of one kind on their way from the store's thread: one long text and lists of numbers, for what crosses over is
 * copied value by value, and a restart has a hundred thousand entities. The buffers change hands.
 */
export interface EntityPage {
  kind: string;
  ids: string[];
  /** UTF-8, end to end. */
  bodies: Uint8Array;
  /** Of each as a text. */
  lengths: Int32Array;
  /** Six numbers for each entity that has a touch: its place, and the touch. NaN = null. */
  touches: Float64Array;
}

export const TOUCH_LENGTH = 6;

export function unpackPage({ kind, ids, bodies, lengths, touches }: EntityPage): LoadedEntity[] {
  const text = Buffer.from(bodies.buffer, bodies.byteOffset, bodies.byteLength).toString("utf8");
  const entities: LoadedEntity[] = [];
  let from = 0;
  for (const [place, id] of ids.entries()) {
    const length = lengths[place] ?? 0;
    entities.push({ kind: kind as LoadedEntity["kind"], id, body: text.slice(from, from + length), touch: null });
    from += length;
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
