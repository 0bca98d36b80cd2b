import { createHmac } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

const bodyOf = async (request: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
};

const listen = async (server: Server): Promise<string> => {
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

/** What the generic webhook sends. */
export interface WebhookMessage {
  kind: string;
  page: boolean;
  idempotencyKey: string;
  incident: {
    id: string;
    number: number;
    status: string;
    title: string;
    priority: string;
    rootCause: { ci: string | null; candidates: { reasons: string[] }[] };
    alerts: { ci: string; check: string }[];
  };
}

export interface WebhookCall {
  id: string;
  /** The signature was made with the secret over exactly these bytes. */
  signed: boolean;
  receivedAtMs: number;
  message: WebhookMessage;
}

/** A webhook receiver that checks the signature as Standard Webhooks 1.0 says. `secret`: raw text. */
export async function webhookDouble(secret: string): Promise<{ url: string; calls: WebhookCall[]; close: () => void }> {
  const calls: WebhookCall[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const id = String(request.headers["webhook-id"]);
      const expected = `v1,${createHmac("sha256", secret)
        .update(`${id}.${String(request.headers["webhook-timestamp"])}.${body}`)
        .digest("base64")}`;
      const signed = String(request.headers["webhook-signature"]).split(" ").includes(expected);
      calls.push({ id, signed, receivedAtMs: Date.now(), message: JSON.parse(body) as WebhookMessage });
      response.writeHead(204).end();
    });
  });
  const url = await listen(server);
  return {
    url: `${url}/hook`,
    calls,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** As much of Slack's Web API as one message with updates and a thread needs. */
export async function slackDouble(): Promise<{
  url: string;
  calls: { method: string; body: Record<string, unknown> }[];
  close: () => void;
}> {
  const calls: { method: string; body: Record<string, unknown> }[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((text) => {
      const body = JSON.parse(text) as Record<string, unknown>;
      calls.push({ method: (request.url ?? "").replace(/^.*\//, ""), body });
      const answer = {
        ok: true,
        channel: "C0123456789",
        ts: typeof body["ts"] === "string" ? body["ts"] : `1700000000.${String(calls.length).padStart(6, "0")}`,
      };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  const url = await listen(server);
  return {
    url: `${url}/api`,
    calls,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A real SMTP server on loopback; keeps each message as it came over the wire. */
export async function smtpDouble(): Promise<{
  port: number;
  messages: { to: string[]; raw: string }[];
  close: () => void;
}> {
  const messages: { to: string[]; raw: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onData: (stream, session, done) => {
      let raw = "";
      stream.on("data", (chunk: Buffer) => (raw += chunk.toString("utf8")));
      stream.on("end", () => {
        messages.push({ to: session.envelope.rcptTo.map(({ address }) => address), raw });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve());
  });
  return { port: (server.server.address() as AddressInfo).port, messages, close: () => server.close() };
}
