import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { SMTPServer } from "smtp-server";
import { email } from "../../collector/connector/email/email.ts";
import { slack } from "../../collector/connector/slack/slack.ts";
import { webhook } from "../../collector/connector/webhook/webhook.ts";
import { Secret } from "../../collector/port/secret.ts";
import { connectorContract, type Mood, type Seen } from "./connector.case.ts";
import { httpDouble } from "./connector-http-double.ts";

connectorContract("webhook", async () => {
  const double = await httpDouble({
    keyOf: (request) => String(request.headers["webhook-id"]),
    succeed: (_request, _body, response) => response.writeHead(204).end(),
  });
  return {
    ...double,
    kind: webhook,
    settings: {
      url: `${double.url}/hook`,
      secret: new Secret("whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="),
      timeout: 15_000,
    },
  };
});

connectorContract("slack by token", async () => {
  let posted = 0;
  const double = await httpDouble({
    // Slack has no idempotency key.
    keyOf: () => "",
    succeed: (_request, body, response) => {
      posted += 1;
      const { ts = `17.${posted}` } = JSON.parse(body) as { ts?: string };
      response.end(JSON.stringify({ ok: true, channel: "C1", ts }));
    },
  });
  return {
    ...double,
    kind: slack,
    settings: { token: new Secret("xoxb-1"), channel: "C1", apiUrl: `${double.url}/api`, timeout: 15_000 },
  };
});

connectorContract("slack by incoming webhook", async () => {
  const double = await httpDouble({ keyOf: () => "", succeed: (_request, _body, response) => response.end("ok") });
  return {
    ...double,
    kind: slack,
    settings: {
      webhookUrl: new Secret(`${double.url}/services/T/B/x`),
      apiUrl: "https://slack.com/api",
      timeout: 15_000,
    },
  };
});

/** SMTP's replies for the moods that have one. */
const REPLIES: Partial<Record<Mood, { code: number; text: string }>> = {
  rateLimited: { code: 452, text: "too many messages" },
  unavailable: { code: 451, text: "try later" },
  rejecting: { code: 554, text: "not wanted" },
};

async function smtpRig() {
  let mood: Mood = "success";
  const seen: Seen[] = [];
  const sockets = new Set<Socket>();
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onAuth: (_auth, _session, done) => done(new Error("wrong password")),
    onData: (stream, _session, done) => {
      let text = "";
      stream.on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
      stream.on("end", () => {
        const reply = REPLIES[mood];
        if (reply !== undefined) return done(Object.assign(new Error(reply.text), { responseCode: reply.code }));
        // The boundary between the parts is random; everything else must be equal.
        seen.push({
          key: /^Message-ID: (.*)$/im.exec(text)?.[1] ?? "",
          text: text.replaceAll(/--_NmP-[\w-]+/g, "--_NmP-").replaceAll(/"--_NmP-"/g, '""'),
        });
        if (mood !== "hanging") done();
      });
    },
  });
  smtp.on("error", () => undefined);
  await new Promise<void>((resolve) => void smtp.listen(0, "127.0.0.1", resolve));
  const inner = (smtp.server.address() as AddressInfo).port;
  // In front of it, so that a mood can also break the connection.
  const front: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    if (mood === "resetting") socket.resetAndDestroy();
    else if (mood === "garbage") socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    else if (mood !== "hanging") {
      const behind = connect(inner, "127.0.0.1");
      behind.on("error", () => undefined);
      socket.on("close", () => behind.destroy());
      socket.pipe(behind).pipe(socket);
    }
  });
  front.listen(0, "127.0.0.1");
  await once(front, "listening");
  return {
    port: (front.address() as AddressInfo).port,
    seen,
    setMood: (next: Mood) => {
      mood = next;
    },
    followed: () => 0,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      front.close();
      await new Promise<void>((resolve) => smtp.close(resolve));
    },
  };
}

connectorContract(
  "email",
  async () => {
    const double = await smtpRig();
    const settings = {
      smtp: `127.0.0.1:${double.port}`,
      from: "Tocsin <tocsin@example.net>",
      to: ["a@example.net"],
      timeout: 30_000,
    };
    return { ...double, kind: email, settings };
  },
  {
    skip: {
      redirecting: "SMTP has no redirects",
      unauthorised: "this double asks for no login; see the e-mail tests",
      gone: "SMTP has one permanent refusal",
    },
    // SMTP names no time to wait.
    expect: { rateLimited: { status: "retryable", reason: "rateLimited" } },
  },
);
