import type { AlertId } from "./identity.ts";

/**
 * A list of alerts without their texts, three 32-bit integers for each: its place in the table as far as whoever names it
 * knows (−1 = unknown), and the two halves of its id. A place may be out of date; the id decides.
 */
export type AlertRefs = readonly number[];

export const REF_LENGTH = 3;
export const UNKNOWN_PLACE = -1;

const PREFIX = "a-";
const HALF = 8;

/** The first 8 of the 16 hex digits of an id, as a 32-bit integer. */
export function highOf(id: AlertId): number {
  return halfAt(id, PREFIX.length);
}

/** The last 8. */
export function lowOf(id: AlertId): number {
  return halfAt(id, PREFIX.length + HALF);
}

/** Digit by digit where they stand: a restart reads a hundred thousand, and a part of a text of its own costs more. */
function halfAt(id: AlertId, from: number): number {
  let half = 0;
  for (let at = from; at < from + HALF; at += 1) {
    const code = id.charCodeAt(at);
    // 0–9 are 0x30 …, a–f are 0x61 ….
    half = (half << 4) | ((code & 15) + 9 * (code >> 6));
  }
  return half;
}

export function idOf(high: number, low: number): AlertId {
  return PREFIX + digits(high) + digits(low);
}

/** Alerts of which only the ids are known. */
export function refsOf(ids: Iterable<AlertId>): AlertRefs {
  return [...ids].flatMap((id) => [UNKNOWN_PLACE, highOf(id), lowOf(id)]);
}

/** @param index of the alert in the list. */
export function idAt(refs: AlertRefs, index: number): AlertId {
  const at = REF_LENGTH * index;
  return idOf(refs[at + 1] ?? 0, refs[at + 2] ?? 0);
}

function digits(half: number): string {
  return (half >>> 0).toString(16).padStart(HALF, "0");
}
