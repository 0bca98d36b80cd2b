import type { FastifyRequest } from "fastify";
import { Refusal } from "../port/ingest.ts";
import type { QueryString } from "./paging.ts";

/** Other protocols' paths say themselves what they take, and bodies' senders add what they like. */
const OURS = "/api/v1/";

/** Browsers' libraries add it with the time, so that no cache answers. */
const CACHE_BUSTER = "_";

/**
 * A misspelt parameter must not be passed over: `?state=resolved` would answer with all that is open, and `?dryrun=true`
 * would import. Throws 400 `badQuery` with the ones that the route knows. A list without states still takes `status=all`.
 */
export function refuseUnknownQuery({ query, routeOptions: { schema, url } }: FastifyRequest): void {
  const { properties } = (schema?.querystring ?? {}) as { properties?: Record<string, unknown> };
  if (properties === undefined || url?.startsWith(OURS) !== true) return;
  for (const [key, value] of Object.entries(query as QueryString)) {
    if (Object.hasOwn(properties, key) || key === CACHE_BUSTER) continue;
    if (key === "status" && value === "all" && Object.hasOwn(properties, "cursor")) continue;
    const known = Object.keys(properties).join(", ");
    throw new Refusal(
      400,
      "badQuery",
      `there is no parameter ${JSON.stringify(key.slice(0, 40))} here; known here: ${known}`,
    );
  }
}
