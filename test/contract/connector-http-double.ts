import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Mood, Seen } from "./connector.case.ts";

export interface HttpDouble {
  url: string;
  seen: Seen[];
  setMood(mood: Mood): void;
  followed(): number;
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

const STATUS: Partial<Record<Mood, number>> = {
  rateLimited: 429,
  unavailable: 503,
  rejecting: 400,
  unauthorised: 401,
  gone: 410,
  redirecting: 302,
};

/** An HTTP receiver with moods. In the mood `garbage` it answers something that is not HTTP. */
export async function httpDouble(answers: {
  keyOf: (request: IncomingMessage, body: string) => string;
  succeed: (request: IncomingMessage, body: string, response: ServerResponse) => void;
}): Promise<HttpDouble> {
  let mood: Mood = "success";
  let followed = 0;
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    if (request.url === "/followed") followed += 1;
    void bodyOf(request).then((body) => {
      seen.push({ key: answers.keyOf(request, body), text: body });
      if (mood === "success") answers.succeed(request, body, response);
      else if (mood === "resetting") request.socket.resetAndDestroy();
      else if (mood === "garbage") request.socket.end("SSH-2.0-OpenSSH_9.2\r\n");
      else if (mood !== "hanging")
        response
          .writeHead(STATUS[mood] ?? 500, { "retry-after": "7", location: "/followed", "content-type": "text/plain" })
          .end("no");
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    seen,
    setMood: (next) => {
      mood = next;
    },
    followed: () => followed,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
