import { mkdtempSync, rmSync } from "node:fs";
import { open as openFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { Commit, Store } from "../../collector/port/store.ts";
import { sortKey } from "../../collector/port/store.ts";
import { createSqliteStore } from "../../collector/store/sqlite/store.ts";
import { commit, rememberedIn } from "../support/store-commit.ts";
import { MARK_LENGTH } from "../../collector/core/model/event-id.ts";
import { percentile, print } from "./figures.ts";

/**
 * What the store does beside what the machine can: `node test/performance/store.ts [rows]`.
 * Each new alert is one journaled event, one event id, one entity and one ledger record.
 */
const ROWS = Number(process.argv[2] ?? 100_000);
const folder = mkdtempSync(join(tmpdir(), "tocsin-performance-"));

function rawRows(batch: number): void {
  const db = new DatabaseSync(join(folder, `raw-${batch}.sqlite`));
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT)");
  const insert = db.prepare("INSERT INTO t (body) VALUES (?)");
  const body = "x".repeat(300);
  const times: number[] = [];
  const begin = performance.now();
  const rows = batch === 1 ? 2_000 : ROWS;
  for (let row = 0; row < rows; row += batch) {
    const start = performance.now();
    db.exec("BEGIN");
    for (let index = 0; index < batch; index += 1) insert.run(body);
    db.exec("COMMIT");
    times.push(performance.now() - start);
  }
  const perS = Math.round((rows / (performance.now() - begin)) * 1000);
  times.sort((a, b) => a - b);
  print(`raw SQLite, FULL, ${batch} rows of 300 B a commit`, { "rows/s": perS, "p99 ms": percentile(times, 0.99) });
  db.close();
}

async function rawSync(): Promise<void> {
  const file = await openFile(join(folder, "sync"), "w");
  const times: number[] = [];
  for (let round = 0; round < 300; round += 1) {
    await file.write(Buffer.alloc(4096, round));
    const start = performance.now();
    await file.datasync();
    times.push(performance.now() - start);
  }
  await file.close();
  times.sort((a, b) => a - b);
  print("raw fdatasync of 4 KiB", { "p50 ms": percentile(times, 0.5), "p99 ms": percentile(times, 0.99) });
}

function alertId(number: number): string {
  const hash = Math.imul(number + 1, 0x9e3779b1) >>> 0;
  return `a-${hash.toString(16).padStart(8, "0")}${number.toString(16).padStart(8, "0")}`;
}

function newAlerts(from: number, batch: number): Commit {
  const at = Date.UTC(2026, 0) + from;
  const numbers = Array.from({ length: batch }, (_, index) => from + index);
  const labels = { env: "prod", team: "web" };
  const events = numbers.map((n) => ({
    kind: "event",
    at,
    event: { id: `e${n}`, source: "zabbix", ci: `host-${n % 5000}`, check: "disk", instance: `/dev/sd${n}`, labels },
  }));
  const alerts = numbers.map((n) => ({
    id: alertId(n),
    ci: `host-${n % 5000}`,
    source: "zabbix",
    check: "disk",
    instance: `/dev/sd${n}`,
    status: "firing",
    severity: "major",
    summary: `Disk is filling on host-${n % 5000}`,
    labels,
    annotations: {},
    links: [],
    episode: 1,
    firstSeenAt: at,
    lastSeenAt: at,
    resolvedAt: null,
    occurredAt: at,
    count: 1,
    lastOccurredAt: at,
    expiresAt: null,
    changes: [at],
    flapping: false,
    incident: "inc-0123456789ab",
  }));
  return {
    sequence: from + batch,
    at,
    journal: JSON.stringify(events),
    eventIds: numbers.map((n) => `zabbix\ne${n}`),
    entities: alerts.map((alert) => ({
      kind: "alert",
      id: alert.id,
      status: "firing",
      sort: sortKey(at, alert.id),
      alias: null,
      body: JSON.stringify(alert),
    })),
    touches: [],
    repeated: [],
    ledger: alerts.map((alert) => ({
      at,
      decision: "alert.joined",
      incident: alert.incident,
      alert: alert.id,
      ci: alert.ci,
      rule: "topology",
      reasons: ["it needs sw-3, which is down", "within 30 s"],
      counterfactual: "its own incident",
      facts: {},
    })),
    outbox: [],
    outboxChanges: [],
    deposits: [],
    depositProgress: [],
  };
}

function touches(sequence: number, batch: number): Commit {
  const at = Date.UTC(2026, 1) + sequence;
  const list = Array.from({ length: batch }, (_, index) => ({
    alert: alertId((sequence + index) % ROWS),
    lastSeenAt: at,
    lastOccurredAt: at,
    count: 2,
    expiresAfterMs: null,
    expiresAt: null,
  }));
  return commit(sequence, { at, touches: list });
}

async function drive(name: string, store: Store, commits: Iterable<Commit>, batch: number): Promise<void> {
  const times: number[] = [];
  const cpu = process.cpuUsage();
  const begin = performance.now();
  let inFlight: Promise<unknown> | undefined;
  let mainMs = 0;
  for (const commit of commits) {
    const made = performance.now();
    const answer = store.commit(commit);
    mainMs += performance.now() - made;
    const done = answer.then((result) => {
      if (result.status !== "committed") throw new Error(JSON.stringify(result));
      times.push(performance.now() - made);
    });
    // As the partition does: the next batch is made while this one is on its way.
    await inFlight;
    inFlight = done;
  }
  await inFlight;
  const tookMs = performance.now() - begin;
  const used = process.cpuUsage(cpu);
  times.sort((a, b) => a - b);
  const rows = times.length * batch;
  print(name, {
    "rows/s": Math.round((rows / tookMs) * 1000),
    "commit p50 ms": percentile(times, 0.5),
    p99: percentile(times, 0.99),
    max: percentile(times, 1),
    "CPU µs/row": ((used.user + used.system) / rows).toFixed(1),
    "caller µs/row": ((mainMs * 1000) / rows).toFixed(1),
  });
}

async function ours(thread: "worker" | "caller", batch: number): Promise<void> {
  const dataDir = join(folder, `${thread}-${batch}`);
  const store = createSqliteStore({ dataDir, thread });
  await store.open({ eventIdsMax: 1_000_000 });
  const made = Array.from({ length: ROWS / batch }, (_, index) => newAlerts(index * batch, batch));
  await drive(`store (${thread}): new alerts, ${batch} a commit`, store, made, batch);
  const again = Array.from({ length: ROWS / batch }, (_, index) => touches(ROWS + (index + 1) * batch, batch));
  await drive(`store (${thread}): touches, ${batch} a commit`, store, again, batch);
  const { sizeBytes, rows } = await store.size();
  const closing = performance.now();
  await store.close();
  print("  close", {
    ms: Math.round(performance.now() - closing),
    MB: (sizeBytes / 1e6).toFixed(0),
    "left to fold": rows.pending ?? 0,
  });
  const opening = performance.now();
  const next = createSqliteStore({ dataDir, thread });
  const snapshot = await next.open({ eventIdsMax: 1_000_000 });
  let entities = 0;
  for await (const page of snapshot.entities)
    for (const { body } of page) entities += JSON.parse(body) === null ? 0 : 1;
  const ids = (await rememberedIn(snapshot)).length / MARK_LENGTH;
  print("  open, all entities parsed", { ms: Math.round(performance.now() - opening), entities, ids });
  await next.close();
}

try {
  await rawSync();
  for (const batch of [1, 100, 1000]) rawRows(batch);
  for (const thread of ["caller", "worker"] as const) for (const batch of [100, 1000]) await ours(thread, batch);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
