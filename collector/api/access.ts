import { hash, timingSafeEqual } from "node:crypto";
import type { FastifyRequest } from "fastify";
import type { EnrolmentDesk } from "../port/enrolment.ts";
import { type Identity, Refusal, type Role, type RouteConfig } from "../port/ingest.ts";

/** A bearer token: its name stands in ledgers and logs, its secret nowhere. */
export interface Token {
  name: string;
  role: Exclude<Role, "public">;
  secret: string;
  /** The token is for the agent of this CI: it speaks for no other and opens nothing else, as an enrolled agent's own. */
  ci?: string | undefined;
}

/** `loopbackOpen`: no tokens; only loopback is listened on, and everything there may do everything. */
export type AuthConfig = { tokens: readonly Token[] } | "loopbackOpen";

export const NOBODY: Identity = { name: "", role: "public" };
const LOCAL: Identity = { name: "local", role: "admin" };

const digest = (secret: string): Buffer => hash("sha256", secret, "buffer");

const knownOf = (tokens: readonly Token[]): Known[] =>
  tokens.map(({ name, role, secret, ci }) => ({
    digest: digest(secret),
    identity: { name, role, ...(ci === undefined ? {} : { ci }) },
  }));

type Known = { digest: Buffer; identity: Identity };

/** Who a secret belongs to. Keeps hashes only. */
export class Authenticator {
  /** No tokens are configured. Does not change while the server runs: what is listened on hangs on it. */
  readonly open: boolean;
  private known: readonly Known[];
  private readonly enrolled: Pick<EnrolmentDesk, "identify"> | null;

  /** @param enrolled whose tokens are good besides those of the configuration. */
  constructor(auth: AuthConfig, enrolled: Pick<EnrolmentDesk, "identify"> | null = null) {
    this.enrolled = enrolled;
    this.open = auth === "loopbackOpen";
    this.known = auth === "loopbackOpen" ? [] : knownOf(auth.tokens);
  }

  /** Other tokens from the next request on. False, and nothing changes, between having tokens and having none: that needs a restart. */
  replace(auth: AuthConfig): boolean {
    if ((auth === "loopbackOpen") !== this.open) return false;
    if (auth !== "loopbackOpen") this.known = knownOf(auth.tokens);
    return true;
  }

  /** By the tokens of the configuration. Looks at every one, so that the time tells nothing. */
  identify(secret: string): Identity | undefined {
    const presented = digest(secret);
    let found: Identity | undefined;
    for (const { digest: own, identity } of this.known) if (timingSafeEqual(presented, own)) found = identity;
    return found;
  }

  /** Throws 401 without a good token, 403 with one of the wrong role. */
  authorise(
    request: FastifyRequest,
    { roles: allowed, forEnrolled }: Pick<RouteConfig, "roles" | "forEnrolled">,
  ): Identity {
    if (allowed.includes("public")) return NOBODY;
    if (this.open) return LOCAL;
    const secret = presentedSecret(request.headers.authorization);
    if (secret === undefined)
      throw new Refusal(401, "unauthorised", "a token is needed: send the header Authorization: Bearer TOKEN");
    const identity = this.identify(secret) ?? this.enrolled?.identify(secret);
    if (identity === undefined) throw new Refusal(401, "unauthorised", "the token is not known here");
    if ("code" in identity) throw new Refusal(401, identity.code, identity.message);
    if (identity.ci !== undefined && forEnrolled !== true)
      throw new Refusal(403, "forbidden", `this token is for the agent of ${identity.ci} and opens nothing else`);
    if (!mayCall(identity.role, allowed))
      throw new Refusal(
        403,
        "forbidden",
        `the role ${identity.role} of this token may not do this; ${spoken(allowed)} may`,
      );
    return identity;
  }
}

/** admin may call everything; an operator whatever a viewer may. */
export function mayCall(role: Role, allowed: readonly Role[]): boolean {
  if (role === "admin" || allowed.includes(role) || allowed.includes("public")) return true;
  return role === "operator" && allowed.includes("viewer");
}

const spoken = (roles: readonly Role[]): string =>
  [...new Set([...roles, ...(roles.includes("viewer") ? ["operator"] : []), "admin"])].join(", ");

/**
 * Bearer; Basic with the token as password, and GenieKey, for senders that can do nothing else. Also the bare token:
 * Prometheus 2.42 leaves the scheme out in `http_sd_configs` where `type` is not written down.
 */
export function presentedSecret(header: string | undefined): string | undefined {
  if (header !== undefined && /^[^\s,]{8,}$/.test(header)) return header;
  const [, scheme = "", credentials = ""] = /^([A-Za-z]+) +(\S+) *$/.exec(header ?? "") ?? [];
  switch (scheme.toLowerCase()) {
    case "bearer":
    case "geniekey":
      return credentials;
    case "basic": {
      const pair = Buffer.from(credentials, "base64").toString("utf8");
      return pair.includes(":") ? pair.slice(pair.indexOf(":") + 1) : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether only this machine can reach an address to listen on. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, "").toLowerCase();
  return bare === "localhost" || bare === "::1" || /^127(\.\d{1,3}){3}$/.test(bare);
}

const hostOf = (authority: string): string => authority.replace(/:\d+$/, "");

/**
 * Without tokens a browser is the only stranger that can reach loopback: a page of another origin can post to it, and a name
 * that is made to point at 127.0.0.1 can read from it. Throws 403 for both.
 */
export function refuseStrangers(request: FastifyRequest): void {
  const { host, origin } = request.headers;
  if (host !== undefined && !isLoopback(hostOf(host)))
    throw new Refusal(
      403,
      "foreignHost",
      "without tokens only requests to localhost are answered; configure auth.tokens",
    );
  const fetchSite = request.headers["sec-fetch-site"];
  const isForeign = origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`;
  if (isForeign || fetchSite === "cross-site")
    throw new Refusal(403, "foreignOrigin", "without tokens pages of other origins are refused; configure auth.tokens");
}
