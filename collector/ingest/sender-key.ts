import type { FastifyRequest } from "fastify";
import { type Identity, Refusal } from "../port/ingest.ts";

/**
 * Whose this secret is. Some senders cannot set a header and carry their token in the body or the path instead.
 * Where no tokens are configured everyone is `local`, also without a secret. Compares in constant time.
 */
export type Identify = (secret: string | undefined) => Identity | undefined;

/** May send events. */
const SENDERS: readonly string[] = ["agent", "operator", "admin"];

/** Who the server has found out already, from the `Authorization` header. */
export function identityOf(request: FastifyRequest): Identity | undefined {
  return (request as { identity?: Identity }).identity;
}

/** The name that stands as actor in timelines and the ledger. */
export function actorOf(request: FastifyRequest, otherwise: string): string {
  return identityOf(request)?.name ?? otherwise;
}

/**
 * Who sends: by header, or by the first of the secrets that belongs to someone.
 * Throws a refusal: 401 where it is no one, 403 where that one may not send events.
 */
export function senderOf(
  request: FastifyRequest,
  identify: Identify,
  secrets: readonly (string | undefined)[],
): Identity {
  const given = secrets.filter((secret) => secret !== undefined && secret !== "");
  let found = identityOf(request) ?? identify(undefined);
  for (const secret of given) found ??= identify(secret);
  if (found === undefined) throw new Refusal(401, "unauthorised", "a valid token is needed to send events");
  if (!SENDERS.includes(found.role)) throw new Refusal(403, "forbidden", `${found.name} may not send events`);
  return found;
}
