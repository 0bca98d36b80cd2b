import { type AlertRefs, idOf, REF_LENGTH } from "./alert-ref.ts";
import type { AlertId } from "./identity.ts";
import type { Repeat } from "./sightings.ts";

/** Bytes of an id. */
export const ID_BYTES = 8;

/** Alerts that were said again in one breath, each once. What they have in common is there once. */
export interface Repeated extends Repeat {
  /** The 16 hex digits of each id, as bytes. */
  ids: Uint8Array;
  /** How often each was said in its episode, this time included. */
  counts: Int32Array;
}

/** Collects the alerts of one repetition. */
export class RepeatedList {
  private readonly ids: Uint8Array;
  private readonly view: DataView;
  private readonly counts: Int32Array;
  private length = 0;

  /** @param lengthMax how many there may be. */
  constructor(lengthMax: number) {
    this.ids = new Uint8Array(ID_BYTES * lengthMax);
    this.view = new DataView(this.ids.buffer);
    this.counts = new Int32Array(lengthMax);
  }

  /** @param index of the alert in the list. */
  add(refs: AlertRefs, index: number, count: number): void {
    const { length } = this;
    this.view.setInt32(ID_BYTES * length, refs[REF_LENGTH * index + 1] ?? 0);
    this.view.setInt32(ID_BYTES * length + ID_BYTES / 2, refs[REF_LENGTH * index + 2] ?? 0);
    this.counts[length] = count;
    this.length += 1;
  }

  /** It was said with these times. */
  with(repeat: Readonly<Repeat>): Repeated {
    const { length, ids, counts } = this;
    return { ...repeat, ids: ids.subarray(0, ID_BYTES * length), counts: counts.subarray(0, length) };
  }
}

/** The ids in order. */
export function* idsOf(ids: Uint8Array): Iterable<AlertId> {
  const view = new DataView(ids.buffer, ids.byteOffset, ids.byteLength);
  for (let at = 0; at < ids.byteLength; at += ID_BYTES) yield idOf(view.getInt32(at), view.getInt32(at + ID_BYTES / 2));
}
