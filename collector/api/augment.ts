import type { Identity, RouteConfig } from "../port/ingest.ts";

/** What the server adds to Fastify, for its own routes and for every ingest adapter. */
declare module "fastify" {
  interface FastifyContextConfig extends Partial<RouteConfig> {}
  interface FastifyRequest {
    /** Who calls; on a public route `{name: "", role: "public"}`. */
    identity: Identity;
    /** The decompressed body, where the route asks for it with `rawBody`. */
    rawBody: Uint8Array | undefined;
  }
  interface FastifyInstance {
    /** Who a secret belongs to, for protocols that carry it elsewhere than in the Authorization header. */
    identify(secret: string): Identity | undefined;
  }
}
