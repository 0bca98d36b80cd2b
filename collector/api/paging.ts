import { Refusal } from "../port/ingest.ts";

/** Query strings after Fastify: a repeated key is an array. */
export type QueryString = Readonly<Record<string, string | string[] | undefined>>;

export const LIMIT_DEFAULT = 100;
export const LIMIT_MAX = 1000;

/** `?limit=` and `?cursor=` of every list. Throws 400 with `badLimit` or `badCursor`. */
export function pageOf(query: QueryString): { limit: number; cursor: string | null } {
  const limit = one(query, "limit");
  const cursor = one(query, "cursor");
  if (limit !== undefined && (!/^\d{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > LIMIT_MAX))
    throw new Refusal(400, "badLimit", `limit must be a number from 1 to ${LIMIT_MAX}`);
  if (cursor !== undefined && (cursor === "" || cursor.length > 1024))
    throw new Refusal(400, "badCursor", "cursor must be a text that a list answered as next");
  return { limit: limit === undefined ? LIMIT_DEFAULT : Number(limit), cursor: cursor ?? null };
}

/**
 * `?status=`: one or more, separated by commas or repeated, or `all`. undefined = what is not over. An empty value is a
 * mistake: a script whose variable is unset must not read the default list as its answer.
 */
export function statusesOf<S extends string>(
  query: QueryString,
  allowed: readonly S[],
): readonly S[] | "all" | undefined {
  if (query["status"] === undefined) return undefined;
  const given = many(query, "status");
  if (given.includes("all")) return "all";
  const bad = given.length === 0 ? "" : given.find((status) => !(allowed as readonly string[]).includes(status));
  if (bad !== undefined)
    throw new Refusal(
      400,
      "badStatus",
      `status must be all, or one or more of ${allowed.join(", ")}; not ${JSON.stringify(bad.slice(0, 40))}`,
    );
  return given as S[];
}

/** The values of a key that may be repeated or hold several with commas. */
export function many(query: QueryString, key: string): string[] {
  const value = query[key];
  const list = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return list
    .flatMap((item) => item.split(","))
    .map((item) => item.trim())
    .filter((item) => item !== "");
}

/** The value of a key that may stand once. Throws 400 `badQuery` when it is repeated or too long. */
export function one(query: QueryString, key: string): string | undefined {
  const value = query[key];
  if (Array.isArray(value)) throw new Refusal(400, "badQuery", `${key} may be given once`);
  if (value !== undefined && value.length > 4096) throw new Refusal(400, "badQuery", `${key} is too long`);
  return value;
}

/** `true`, `false`, or absent. */
export function flag(query: QueryString, key: string): boolean {
  const value = one(query, key);
  if (value === undefined || value === "false" || value === "0") return false;
  if (value === "true" || value === "1" || value === "") return true;
  throw new Refusal(400, "badQuery", `${key} must be true or false`);
}

/** A page of a list that is in memory; cursors are positions in it, so that a list that changes may repeat or leave out a row. */
export function pageOfList<T>(items: readonly T[], query: QueryString): { items: T[]; next: string | null } {
  const { limit, cursor } = pageOf(query);
  const from = cursor === null ? 0 : position(cursor);
  const next = from + limit < items.length ? `p${from + limit}` : null;
  return { items: items.slice(from, from + limit), next };
}

function position(cursor: string): number {
  const [, digits] = /^p(\d{1,9})$/.exec(cursor) ?? [];
  if (digits === undefined) throw new Refusal(400, "badCursor", "cursor must be a text that a list answered as next");
  return Number(digits);
}
