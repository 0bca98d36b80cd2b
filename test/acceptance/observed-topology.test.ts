import { execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { json, startCollector, temporaryFolder, TOCSIN, TocsinProcess, waitFor } from "../support/tocsin-process.ts";

/**
 * Two hosts, as far as a network can tell: each a network namespace with an address, an agent and programs of its own. A client
 * on one calls a server on the other; each agent sees its own end only.
 */

const HOSTS = { "app-1": "10.213.77.11", "db-1": "10.213.77.12" } as const;
const BRIDGE_ADDRESS = "10.213.77.1";
const TOKENS = { agent: "agent-token-of-the-test", admin: "admin-token-of-the-test" };
const asAdmin = { authorization: `Bearer ${TOKENS.admin}` };

const endings: (() => unknown)[] = [];
const onEnd = (end: () => unknown): void => void endings.unshift(end);
const isRoot = process.getuid?.() === 0;
const suffix = String(process.pid % 10_000);
const bridge = `tcsb${suffix}`;
const namespaceOf = (host: string): string => `tocsin-${host}-${suffix}`;

let folder = "";
let url = "";

const ip = (...args: string[]): void => void execFileSync("ip", args);

function createNetwork(): void {
  ip("link", "add", bridge, "type", "bridge");
  onEnd(() => ip("link", "del", bridge));
  ip("addr", "add", `${BRIDGE_ADDRESS}/24`, "dev", bridge);
  ip("link", "set", bridge, "up");
  for (const [index, [host, address]] of Object.entries(HOSTS).entries()) {
    const space = namespaceOf(host);
    const [outer, inner] = [`tcso${index}${suffix}`, `tcsi${index}${suffix}`];
    ip("netns", "add", space);
    onEnd(() => ip("netns", "del", space));
    ip("link", "add", outer, "type", "veth", "peer", "name", inner);
    ip("link", "set", outer, "master", bridge, "up");
    ip("link", "set", inner, "netns", space);
    ip("-n", space, "addr", "add", `${address}/24`, "dev", inner);
    ip("-n", space, "link", "set", inner, "up");
    ip("-n", space, "link", "set", "lo", "up");
  }
}

/** A program of one file; it is known by the file's name. */
function runIn(host: string, name: string, source: string): void {
  const path = join(folder, name);
  writeFileSync(path, source);
  const child = spawn("ip", ["netns", "exec", namespaceOf(host), process.execPath, path], { stdio: "ignore" });
  onEnd(() => child.kill("SIGKILL"));
}

function startAgent(host: string, user: string[] = []): void {
  const config = join(folder, `${host}.yaml`);
  const dataDir = join(folder, `agent-${host}`);
  mkdirSync(dataDir);
  chmodSync(dataDir, 0o777);
  writeFileSync(
    config,
    `ci: ${host}\ndataDir: ${dataDir}\ncollector: ${url}\ntoken: ${TOKENS.agent}\ndiscover: { every: 1s }\nrules: { fetch: false }\ninterval: 2s\n`,
  );
  const command = ["netns", "exec", namespaceOf(host), ...user, TOCSIN, "agent", "--config", config];
  const child = spawn("ip", command, { stdio: ["ignore", "ignore", "inherit"] });
  onEnd(() => child.kill("SIGKILL"));
}

interface RelationView {
  from: string;
  type: string;
  to: string;
  source: string;
  confidence: number;
  firstSeenAt: string | null;
  lastSeenAt: string | null;
  seenBy: string | null;
}

const relations = async (ci: string): Promise<RelationView[]> =>
  (await json<{ items: RelationView[] }>(`${url}/api/v1/cmdb/relations?ci=${ci}`, undefined, asAdmin)).body.items ?? [];

async function cli(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const command = new TocsinProcess([...args, "--collector", url, "--token", TOKENS.admin]);
  const code = await command.ended;
  return { code, stdout: command.stdout, stderr: command.stderr };
}

describe.runIf(isRoot)("who talks to whom", () => {
  beforeAll(async () => {
    folder = temporaryFolder((clean) => onEnd(clean));
    chmodSync(folder, 0o755);
    createNetwork();
    const collector = await startCollector(
      folder,
      {
        "cmdb.yaml": `
cis:
  - { id: app-1, type: host, owner: team-app }
  - { id: shop, type: application }
  - { id: mail-1, type: host }
  - { id: old-db, type: database }
relations:
  - { from: shop, type: runsOn, to: app-1 }
  - { from: old-db, type: runsOn, to: app-1 }
`,
        "tocsin.yaml": `
listen: ${BRIDGE_ADDRESS}:0
cmdb: { files: [cmdb.yaml] }
auth:
  tokens:
    - { name: agents, role: agent, token: ${TOKENS.agent} }
    - { name: people, role: admin, token: ${TOKENS.admin} }
`,
      },
      { args: ["--listen", `${BRIDGE_ADDRESS}:0`] },
    );
    onEnd(() => collector.process.stop());
    url = collector.url;
    runIn(
      "db-1",
      "inventory.mjs",
      `import { createServer } from "node:net"; createServer((s) => s.resume()).listen(5432);`,
    );
    runIn(
      "app-1",
      "orders.mjs",
      `import { connect } from "node:net";
const call = () => connect(5432, "${HOSTS["db-1"]}").on("error", () => setTimeout(call, 500));
call();`,
    );
    startAgent("db-1");
    startAgent("app-1", ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
  });

  afterAll(async () => {
    for (const end of endings)
      try {
        await end();
      } catch (error) {
        // The next ending still has to come.
        console.error(error);
      }
  });

  test("the relation appears, with who saw it, how sure, and when; the caller's agent has no privileges", async () => {
    const found = await waitFor(
      async () => (await relations("app-1")).find(({ to }) => to === "inventory@db-1"),
      60_000,
      500,
    );
    expect(found, JSON.stringify(await relations("app-1"))).toMatchObject({
      from: "app-1",
      type: "dependsOn",
      source: "observed:app-1",
      seenBy: "observed:app-1",
    });
    expect(found!.confidence).toBeGreaterThan(0.2);
    expect(found!.confidence).toBeLessThan(0.8);
    expect(Date.parse(found!.lastSeenAt!)).toBeGreaterThan(Date.parse(found!.firstSeenAt!));
  });

  test("`cmdb show` tells it to people and to programs", async () => {
    const shown = await cli("cmdb", "show", "app-1");
    expect(shown.stdout).toMatch(/dependsOn inventory@db-1 \(observed:app-1, \d\d %, seen 20\d\d-/);
    expect(shown.stdout).toContain("team-app");
    const database = JSON.parse((await cli("cmdb", "show", "db-1", "--json")).stdout) as { aliases: string[] };
    expect(database.aliases).toContain(HOSTS["db-1"]);
  });

  test("the drift: what the CMDB lacks, and what it has and nobody sees", async () => {
    const text = await cli("cmdb", "drift");
    expect(text.code, text.stderr).toBe(0);
    expect(text.stdout).toMatch(/Found by agents, and missing in the CMDB[^\n]*\nCI +TYPE +ON +LAST SEEN\ndb-1 /);
    expect(text.stdout).toMatch(/app-1 dependsOn inventory@db-1 +observed:app-1 +\d\d % +20\d\d-/);
    const drift = JSON.parse((await cli("cmdb", "drift", "--json")).stdout) as Record<string, { ci?: string }[]>;
    expect(drift["undeclaredCis"]?.map(({ ci }) => ci)).toEqual(["db-1", "inventory@db-1"]);
    expect(drift["unobservedCis"]).toMatchObject([{ ci: "old-db", host: "app-1" }]);
  });

  test("a declaration of it takes the drift away, and is seen", async () => {
    const declared = JSON.stringify({
      cis: [{ id: "db-1" }, { id: "stock", type: "database", aliases: ["db-1:5432"] }],
      relations: [
        { from: "stock", type: "runsOn", to: "db-1" },
        { from: "shop", type: "uses", to: "stock" },
      ],
    });
    const answer = await fetch(`${url}/api/v1/cmdb/import?source=people`, {
      method: "POST",
      headers: { ...asAdmin, "content-type": "application/json" },
      body: declared,
    });
    expect(answer.status).toBe(200);
    const seen = await waitFor(
      async () => (await relations("shop")).find(({ to, seenBy }) => to === "stock" && seenBy !== null),
      30_000,
      500,
    );
    expect(seen).toMatchObject({ source: "people", confidence: 1, seenBy: "observed:app-1" });
    const drift = (await json<{ undeclaredRelations: unknown[] }>(`${url}/api/v1/cmdb/drift`, undefined, asAdmin)).body;
    expect(drift.undeclaredRelations).toEqual([]);
  });

  test("over UDP, where the caller has said whom it speaks with", async () => {
    runIn("db-1", "ledger.mjs", `import { createSocket } from "node:dgram"; createSocket("udp4").bind(5140);`);
    runIn(
      "app-1",
      "audit.mjs",
      `import { createSocket } from "node:dgram";
const socket = createSocket("udp4");
socket.connect(5140, "${HOSTS["db-1"]}", () => setInterval(() => socket.send("line"), 500));`,
    );
    const found = await waitFor(
      async () => (await relations("app-1")).find(({ to }) => to === "ledger@db-1"),
      60_000,
      500,
    );
    expect(found, JSON.stringify(await relations("app-1"))).toMatchObject({ from: "app-1", source: "observed:app-1" });
  });
});
