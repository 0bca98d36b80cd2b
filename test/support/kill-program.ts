import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import type { Event } from "../../collector/core/model/event.ts";
import type { Outcome } from "../../collector/core/model/effect.ts";
import type { Connector } from "../../collector/port/connector.ts";
import type { Commit, Store } from "../../collector/port/store.ts";
import { createDelivery } from "../../collector/runtime/delivery.ts";
import { createPartition } from "../../collector/runtime/partition.ts";
import { createQuery } from "../../collector/runtime/query.ts";
import { systemClock } from "../../collector/runtime/system-clock.ts";
import { createSqliteStore } from "../../collector/store/sqlite/store.ts";
import { event } from "./event.ts";
import { RecordingLog, RecordingTelemetry } from "./recording-ports.ts";
import { ToyCore } from "./toy-core.ts";

/**
 * The smallest collector: runtime, SQLite and a toy core behind three routes. With `--plant early` it answers before the
 * commit is durable; with `--plant rekey` deliveries are never recorded, and their repeats get new keys: the kill test must
 * see both.
 */
const { values } = parseArgs({
  options: { data: { type: "string" }, receiver: { type: "string" }, plant: { type: "string" } },
});
const { data: dataDir = "", receiver: receiverUrl = "", plant } = values;

const connector: Connector = {
  kind: "webhook",
  async deliver({ notification, signal }) {
    const { idempotencyKey, kind, page, document } = notification;
    const key = plant === "rekey" ? `${idempotencyKey}-${process.pid}` : idempotencyKey;
    const body = JSON.stringify({ kind, page, idempotencyKey: key, incident: document });
    try {
      const response = await fetch(receiverUrl, { method: "POST", body, signal });
      return response.ok ? { status: "success" } : { status: "retryable", reason: "serverError", detail: "" };
    } catch (error) {
      return { status: "retryable", reason: "connection", detail: String(error) };
    }
  },
};

const real = createSqliteStore({ dataDir });
/** Answers at once, and keeps a little later. */
const early: Store = Object.assign(Object.create(real) as Store, {
  commit: async (commit: Commit) => {
    setTimeout(() => void real.commit(commit), 20);
    return { status: "committed" } as const;
  },
});
const ports = { clock: systemClock, random: Math.random, telemetry: new RecordingTelemetry(), log: new RecordingLog() };
const partition = createPartition({
  ...ports,
  store: plant === "early" ? early : real,
  createCore: (stored) => new ToyCore(stored),
  onOutbox: (rows) => delivery.enqueue(rows),
  onFatal: (reason) => {
    process.stderr.write(`${reason}\n`);
    process.exit(1);
  },
});
const delivery = createDelivery({
  ...ports,
  store: real,
  report: async (report) => (plant === "rekey" ? undefined : partition.report(report)),
  connectors: new Map([["hook", connector]]),
});
const query = createQuery({ partition, store: real, receivers: () => ["hook"] });

async function answer(method: string, url: URL, body: string): Promise<{ status: number; body: unknown }> {
  if (method === "POST") {
    const events = JSON.parse(body) as Partial<Event>[];
    const submissions = events.map((parts) => ({ kind: "event", event: event(parts) }) as const);
    const result = await partition.submit(submissions, "event");
    if (result.status !== "committed") return { status: 503, body: result };
    const count = (status: Outcome["status"]): number =>
      result.outcomes.filter((item) => item.status === status).length;
    return { status: 202, body: { accepted: count("accepted"), duplicates: count("duplicate") } };
  }
  const list = { limit: Number(url.searchParams.get("limit")), cursor: url.searchParams.get("cursor") };
  if (url.pathname === "/api/v1/alerts") return { status: 200, body: await query.alerts({ ...list, statuses: "all" }) };
  return { status: 200, body: await query.incidents({ ...list, statuses: undefined }) };
}

const server = createServer((request, response) => {
  let body = "";
  request.on("data", (chunk: Buffer) => (body += chunk.toString()));
  request.on("end", () => {
    void answer(request.method ?? "", new URL(request.url ?? "", "http://local"), body).then(({ status, body: text }) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(text)),
    );
  });
});

process.once("SIGTERM", () => {
  server.closeAllConnections();
  void delivery
    .stop(100)
    .then(async () => partition.stop())
    .then(() => process.exit(0));
});
await partition.start();
delivery.start();
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
