import { Buffer } from "node:buffer";
import { Refusal } from "../port/ingest.ts";

/** Where a page ended: time and id of its last item. Stable: what comes in front of it meanwhile moves nothing. */
export interface Mark {
  at: number;
  id: string;
}

export function encodeCursor({ at, id }: Mark): string {
  return Buffer.from(`${at}:${id}`).toString("base64url");
}

/** @throws Refusal 400 `badCursor` for a text that `encodeCursor` did not make. */
export function decodeCursor(cursor: string | null): Mark | null {
  if (cursor === null) return null;
  const [, at, id] = /^(\d{1,15}):(.+)$/s.exec(Buffer.from(cursor, "base64url").toString("utf8")) ?? [];
  if (at === undefined || id === undefined)
    throw new Refusal(400, "badCursor", "cursor must be a text that a list answered as next");
  return { at: Number(at), id };
}
