import { readFileSync } from "node:fs";
import type { FastifyInstance } from "fastify";
import type { Event } from "../../collector/core/model/event.ts";
import { registerWebhooks, type WebhookOptions } from "../../collector/ingest/webhook/register.ts";
import { bareServer, RecordingPorts } from "./bare-ingest.ts";

const FOLDER = new URL("../../collector/ingest/webhook/", import.meta.url);

/** The body of a sample message, as it was sent: `zabbix/problem.json`. */
export function sample(name: string): Buffer {
  const [kind = "", file = ""] = name.split("/");
  return readFileSync(new URL(`${kind}/testdata/${file}`, FOLDER));
}

export interface WebhookBench {
  app: FastifyInstance;
  ports: RecordingPorts;
  /** Posts a body and gives what became of it; `events` are only those of this message. */
  post: (
    path: string,
    body: Buffer | string | object,
    headers?: Record<string, string>,
  ) => Promise<{ status: number; body: unknown; events: Event[] }>;
}

/** The webhooks on a bare server, open to all unless `options` says otherwise. */
export function webhookBench(options: Partial<WebhookOptions> = {}): WebhookBench {
  const ports = new RecordingPorts();
  const app = bareServer((server) =>
    registerWebhooks(server, ports, {
      identify: () => ({ name: "local", role: "admin" }),
      outgoing: { send: () => Promise.reject(new Error("no test asks the world")) },
      ...options,
    }),
  );
  return {
    app,
    ports,
    async post(path, body, headers = {}) {
      const before = ports.events.length;
      const payload = Buffer.isBuffer(body) || typeof body === "string" ? body : JSON.stringify(body);
      const answer = await app.inject({ method: "POST", url: `/webhooks/${path}`, payload, headers });
      const isJson = String(answer.headers["content-type"]).includes("json");
      return {
        status: answer.statusCode,
        body: isJson ? (JSON.parse(answer.body) as unknown) : answer.body,
        events: ports.events.slice(before),
      };
    },
  };
}
