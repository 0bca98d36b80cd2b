import type { FastifyRequest } from "fastify";
import { type Identity, Refusal } from "../port/ingest.ts";

/**
 * Whose this secret is. Some senders cannot set a header and carry their token in the body or the path instead.
 * Where no tokens are configured everyone is `local`, also without a secret. Compares in constant time.
 */
export type Identify = (secret: string | undefined) => Identity | undefined;

/** May send events. */
const SENDERS: readonly string[] = ["agent", "operator", "admin"];

/** Who the server has found out already; undefined on public routes, where it did not look. */
export function identityOf(request: FastifyRequest): Identity | undefined {
  const { identity } = request as { identity?: Identity };
  return identity === undefined || identity.role === "public" ? undefined : identity;
}

/** The name that stands as actor in timelines and the ledger. */
export function actorOf(request: FastifyRequest, otherwise: string): string {
  return identityOf(request)?.name ?? otherwise;
}

/** The secret in an `Authorization` header: Bearer, Opsgenie's GenieKey, PagerDuty's Token, or Basic with it as password. */
function headerSecret(header: string | undefined): string | undefined {
  const [, scheme = "", rest = ""] = /^([A-Za-z]+) +(\S+) *$/.exec(header ?? "") ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
    case "geniekey":
      return rest;
    case "token":
      return rest.replace(/^token=/, "").replace(/^"|"$/g, "");
    case "basic":
      return /:([\s\S]*)$/.exec(Buffer.from(rest, "base64").toString("utf8"))?.[1];
    default:
      return undefined;
  }
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
  let found = identityOf(request) ?? identify(undefined);
  for (const secret of [headerSecret(request.headers.authorization), ...secrets])
    if (secret !== undefined && secret !== "") found ??= identify(secret);
  if (found === undefined) throw new Refusal(401, "unauthorised", "a valid token is needed to send events");
  if (!SENDERS.includes(found.role)) throw new Refusal(403, "forbidden", `${found.name} may not send events`);
  return found;
}
