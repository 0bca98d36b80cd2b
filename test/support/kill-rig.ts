import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { checkDatabase } from "../../collector/store/sqlite/database.ts";
import { waitFor } from "./tocsin-process.ts";

/** How the program under test is started on a data directory. It prints `listening URL` when it takes requests. */
export type Launch = (dataDir: string, receiverUrl: string) => { command: string; args: string[] };

export interface Told {
  key: string;
  incident: string;
  kind: string;
}

export interface Verdict {
  kills: number;
  /** Events that were acknowledged to the sender. */
  acknowledged: number;
  /** Of those, the ones that are not there at the end, or whose repeat is not recognised. */
  lost: string[];
  /** Incidents whose opening was told under more than one key. */
  doubled: string[];
  /** Incidents that are open at the end and of which nobody was told. */
  missed: string[];
  /** What SQLite's full check said after each kill. */
  damage: string[];
  /** Deliveries beyond the first under one key: allowed, at most one a kill. */
  repeats: number;
  /** From the start of the process to its first `listening`, slowest. */
  readyMaxMs: number;
}

const BATCH = 25;
const SENDERS = 4;
const CIS = 40;

/** Kills the program with SIGKILL at random moments under load, again and again, and compares what it said with what it has. */
export async function killAgainAndAgain(options: {
  launch: Launch;
  dataDir: string;
  kills: number;
  random: () => number;
}): Promise<Verdict> {
  const { dataDir, kills, random } = options;
  const receiver = await listen();
  const sender = new Sender();
  const damage: string[] = [];
  let readyMaxMs = 0;
  const begin = async (): Promise<{ child: ChildProcess; url: string }> => {
    const startedAt = performance.now();
    const running = await start(options.launch(dataDir, receiver.url));
    readyMaxMs = Math.max(readyMaxMs, performance.now() - startedAt);
    return running;
  };
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      const { child, url } = await begin();
      sender.send(url);
      await pause(100 + 1100 * random());
      child.kill("SIGKILL");
      await ended(child);
      await sender.stop();
      damage.push(...checkDatabase(dataDir));
    }
    const { child, url } = await begin();
    try {
      const lost = [...(await missingOf(url, sender.acknowledged)), ...(await unrecognised(url, sender.acknowledged))];
      const missed = lost.length > 0 ? [] : await untold(url, receiver.told);
      return {
        kills,
        acknowledged: sender.acknowledged.size,
        lost,
        doubled: doubledOf(receiver.told),
        missed,
        damage,
        repeats: receiver.told.length - new Set(receiver.told.map(({ key }) => key)).size,
        readyMaxMs: Math.round(readyMaxMs),
      };
    } finally {
      child.kill("SIGTERM");
      await ended(child);
    }
  } finally {
    receiver.server.close();
    receiver.server.closeAllConnections();
  }
}

/** Sends batches of new events, several at a time, and remembers what was acknowledged. */
class Sender {
  readonly acknowledged = new Set<string>();
  private next = 0;
  private isSending = false;
  private work: Promise<unknown> = Promise.resolve();

  send(url: string): void {
    this.isSending = true;
    this.work = Promise.all(Array.from({ length: SENDERS }, async () => this.run(url)));
  }

  async stop(): Promise<void> {
    this.isSending = false;
    await this.work;
  }

  private async run(url: string): Promise<void> {
    while (this.isSending) {
      const ids = Array.from({ length: BATCH }, () => String(this.next++));
      const status = await post(url, ids.map(eventOf)).then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 202) for (const id of ids) this.acknowledged.add(id);
      else if (status === 0) await pause(20);
      else if (status < 500) throw new Error(`the program answered ${status} to a good batch`);
    }
  }
}

function eventOf(id: string): object {
  const ci = `host-${Number(id) % CIS}`;
  return {
    id,
    source: "kill",
    ci,
    check: "probe",
    instance: id,
    status: "firing",
    severity: "critical",
    summary: `probe ${id}`,
  };
}

async function post(url: string, events: readonly object[]): Promise<{ status: number; body: { duplicates: number } }> {
  const response = await fetch(`${url}/api/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(events),
  });
  return { status: response.status, body: (await response.json()) as { duplicates: number } };
}

/** Acknowledged events without an alert. */
async function missingOf(url: string, acknowledged: ReadonlySet<string>): Promise<string[]> {
  const there = new Set(
    (await list<{ instance: string }>(`${url}/api/v1/alerts?status=all`)).map(({ instance }) => instance),
  );
  return [...acknowledged].filter((id) => !there.has(id)).map((id) => `event ${id} has no alert`);
}

/** Acknowledged events whose repeat is taken for a new one. */
async function unrecognised(url: string, acknowledged: ReadonlySet<string>): Promise<string[]> {
  const ids = [...acknowledged];
  const wrong: string[] = [];
  for (let from = 0; from < ids.length; from += 1000) {
    const part = ids.slice(from, from + 1000);
    const { body } = await post(url, part.map(eventOf));
    if (body.duplicates !== part.length) wrong.push(`${part.length - body.duplicates} repeats were not recognised`);
  }
  return wrong;
}

/** Open incidents of which the receiver does not hear within a while. */
async function untold(url: string, told: readonly Told[]): Promise<string[]> {
  const open = await list<{ id: string }>(`${url}/api/v1/incidents?status=open,acknowledged`);
  const without = (): string[] =>
    open.map(({ id }) => id).filter((id) => !told.some(({ incident }) => incident === id));
  await waitFor(() => (without().length === 0 ? true : undefined), 20_000);
  return without();
}

function doubledOf(told: readonly Told[]): string[] {
  const keys = new Map<string, Set<string>>();
  for (const { incident, kind, key } of told)
    if (kind === "opened") keys.set(incident, (keys.get(incident) ?? new Set()).add(key));
  return [...keys].filter(([, set]) => set.size > 1).map(([incident, set]) => `${incident}: ${[...set].join(", ")}`);
}

async function list<T>(url: string): Promise<T[]> {
  const items: T[] = [];
  for (let cursor: string | null = ""; cursor !== null; ) {
    const response = await fetch(`${url}&limit=1000${cursor === "" ? "" : `&cursor=${encodeURIComponent(cursor)}`}`);
    const page = (await response.json()) as { items: T[]; next: string | null };
    items.push(...page.items);
    cursor = page.next;
  }
  return items;
}

async function start({ command, args }: ReturnType<Launch>): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const url = await waitFor(
    () => {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended: ${said}`);
      return /^listening (http:\/\/\S+)$/m.exec(said)?.[1];
    },
    30_000,
    10,
  );
  if (url === undefined) throw new Error(`it never listened: ${said}`);
  return { child, url };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once("exit", resolve));
}

/** A webhook receiver that takes everything and remembers in which order. */
async function listen(): Promise<{ server: Server; url: string; told: Told[] }> {
  const told: Told[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const { idempotencyKey, kind, incident } = JSON.parse(body) as {
        idempotencyKey: string;
        kind: string;
        incident: { id: string };
      };
      told.push({ key: idempotencyKey, kind, incident: incident.id });
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`, told };
}

async function pause(ms: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** mulberry32: a run is repeated by its seed. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
