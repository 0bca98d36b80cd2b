import { readFileSync } from "node:fs";
import { checkPayload, decodeHeader, findHeader, HEADER_BYTES, type SpoolRecord } from "./record.ts";

/** A file of records, named by what came before it: `<first sequence>-<items before>.seg`. */
export interface Segment {
  path: string;
  firstSequence: number;
  itemsBefore: number;
  sizeBytes: number;
}

const NAME = /^(\d{16})-(\d{16})\.seg$/;

export function segmentName(firstSequence: number, itemsBefore: number): string {
  return `${String(firstSequence).padStart(16, "0")}-${String(itemsBefore).padStart(16, "0")}.seg`;
}

/** null for a file that is no segment. */
export function parseSegmentName(name: string): { firstSequence: number; itemsBefore: number } | null {
  const match = NAME.exec(name);
  return match === null ? null : { firstSequence: Number(match[1]), itemsBefore: Number(match[2]) };
}

/** What stands at a place of a segment: a good record, or where reading goes on after damage (the end, at the latest). */
export type Step = { record: SpoolRecord; next: number } | { record: null; next: number };

/**
 * The record at `at` in a segment's bytes. Damage is stepped over: to the next good header, or to the end of the bytes.
 * A record that is cut off by the end of the bytes counts as damage.
 */
export function stepAt(bytes: Buffer, at: number): Step {
  const header = decodeHeader(bytes, at);
  if (header !== null && checkPayload(bytes, at, header) === "good") {
    const start = at + HEADER_BYTES;
    const next = start + header.payloadBytes;
    return { record: { ...header, payload: bytes.subarray(start, next) }, next };
  }
  const found = findHeader(bytes, at + 1);
  return { record: null, next: found === -1 ? bytes.length : found };
}

/** Where the last good record of a segment ends and what it counted, read from its bytes. */
export function scanSegment(segment: Segment): { endBytes: number; nextSequence: number; items: number } {
  const bytes = readFileSync(segment.path);
  let endBytes = 0;
  let nextSequence = segment.firstSequence;
  let items = segment.itemsBefore;
  for (let at = 0; at < bytes.length; ) {
    const step = stepAt(bytes, at);
    at = step.next;
    if (step.record === null) continue;
    endBytes = step.next;
    nextSequence = step.record.sequence + 1;
    items = step.record.itemsBefore + step.record.items;
  }
  return { endBytes, nextSequence, items };
}
