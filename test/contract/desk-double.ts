import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { DeskEmulator } from "../support/desk-emulators.ts";
import type { Mood, Seen } from "./connector.case.ts";

export interface DeskDouble {
  url: string;
  seen: Seen[];
  setMood(mood: Mood): void;
  /** The next creations are done, and their answers lost. */
  loseCreations(count: number): void;
  reset(): void;
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
  unauthorised: 403,
  gone: 410,
  redirecting: 302,
};

/** An emulated ITSM tool behind HTTP, with moods. */
export async function deskDouble(emulator: DeskEmulator): Promise<DeskDouble> {
  let [mood, losing, followed]: [Mood, number, number] = ["success", 0, 0];
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    if (request.url === "/followed") followed += 1;
    void bodyOf(request).then((text) => {
      if (mood === "hanging") return;
      if (mood === "resetting") return void request.socket.resetAndDestroy();
      if (mood === "garbage") return void request.socket.end("SSH-2.0-OpenSSH_9.2\r\n");
      if (mood !== "success")
        return void response.writeHead(STATUS[mood] ?? 500, { "retry-after": "7", location: "/followed" }).end("{}");
      const url = new URL(request.url ?? "/", "http://desk");
      const before = emulator.tickets.length;
      const { method = "GET", headers } = request;
      const answer = emulator.handle({ method, path: url.pathname, query: url.searchParams, headers, text });
      const made = emulator.tickets.length > before ? emulator.tickets.at(-1) : undefined;
      if (made !== undefined) seen.push({ key: made.key, text });
      if (made !== undefined && losing > 0) {
        losing -= 1;
        return void request.socket.resetAndDestroy();
      }
      const content = answer.text ?? (answer.body === undefined ? "" : JSON.stringify(answer.body));
      response.writeHead(answer.status, { "content-type": "application/json" }).end(content);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    setMood: (next) => {
      mood = next;
    },
    loseCreations: (count) => {
      losing = count;
    },
    reset: () => void emulator.tickets.splice(0),
    followed: () => followed,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
