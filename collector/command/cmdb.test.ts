import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AnsweringCollector } from "../../test/support/answering-collector.ts";
import { callCommand } from "../../test/support/called-command.ts";
import { run, sourceNameOf } from "./cmdb.ts";

let folder = "";
const double = new AnsweringCollector();
const { asked } = double;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-cmdb-command-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  double.close();
});

const answering = (status: number, body: unknown): Promise<string> => double.answer(status, body);
const cmdb = (args: string[], env: Record<string, string> = {}) => callCommand(run, args, env);

const EMPTY_COUNTS = {
  cisAdded: 0,
  cisChanged: 0,
  cisRemoved: 0,
  cisRetired: 0,
  relationsAdded: 0,
  relationsChanged: 0,
  relationsRemoved: 0,
};
const EMPTY_PLAN = {
  source: "net-box",
  counts: EMPTY_COUNTS,
  cisAdded: [],
  cisChanged: [],
  cisRemoved: [],
  cisRetired: [],
  relationsAdded: [],
  relationsChanged: [],
  relationsRemoved: [],
};

test("import sends the file as it stands, under a name made from the file's, and shows the plan", async () => {
  const plan = {
    ...EMPTY_PLAN,
    counts: { ...EMPTY_COUNTS, cisAdded: 30, cisChanged: 1, cisRetired: 1 },
    cisAdded: Array.from({ length: 30 }, (_, index) => `web-${index}`),
    cisChanged: [{ id: "db", fields: [{ field: "owner", before: "a", after: "b" }] }],
    cisRetired: ["old"],
  };
  const url = await answering(200, { status: "planned", plan, findings: [] });
  const file = join(folder, "Net Box.yaml");
  writeFileSync(file, "cis: []\n");
  const { code, out } = await cmdb(["import", "--dry-run", file], { TOCSIN_COLLECTOR: url, TOCSIN_TOKEN: "t" });
  expect(code).toBe(0);
  expect(asked).toMatchObject([{ method: "POST", body: "cis: []\n", authorization: "Bearer t" }]);
  const query = new URL(asked[0]?.url ?? "", "http://x").searchParams;
  expect(Object.fromEntries(query)).toEqual({ source: "net-box", file, dryRun: "true", observed: "false" });
  expect(out).toContain("  + web-0\n");
  expect(out).toContain("… and 10 more");
  expect(out).toContain('  ~ db: owner "a" → "b"\n');
  expect(out).toContain("  - old (kept until its incident is over)\n");
  expect(out).toContain("Would be: CIs 30 added, 1 changed, 1 removed");
});

test("import tells the errors of a document that was refused", async () => {
  const finding = {
    severity: "error",
    code: "CMDB_WRONG_TYPE",
    file: "x.json",
    line: 3,
    column: 7,
    message: "wrong",
    hint: "do",
  };
  const url = await answering(400, { code: "invalidCmdb", message: "the document has errors", details: [finding] });
  const file = join(folder, "x.json");
  writeFileSync(file, "{}");
  const { code, err } = await cmdb(["import", file, "--collector", url]);
  expect(code).toBe(1);
  expect(err).toBe("x.json:3:7: error CMDB_WRONG_TYPE: wrong; do\ntocsin: the document has errors\n");
});

test("an import that changes nothing says so", async () => {
  const url = await answering(200, { status: "applied", plan: EMPTY_PLAN, findings: [] });
  const file = join(folder, "x.json");
  writeFileSync(file, "{}");
  expect((await cmdb(["import", file, "--collector", url])).out).toBe("Nothing has changed (source net-box).\n");
});

test("export writes JSON or YAML, to a file or out", async () => {
  const url = await answering(200, { vantage: [], cis: [{ id: "a" }], relations: [], maintenance: [] });
  const yaml = await cmdb(["export", "--yaml", "--collector", url]);
  expect(yaml.out).toContain("cis:\n  - id: a\n");
  const out = join(folder, "out.json");
  expect(await cmdb(["export", "--out", out, "--collector", url])).toMatchObject({ code: 0, out: "" });
  expect(JSON.parse(readFileSync(out, "utf8"))).toMatchObject({ cis: [{ id: "a" }] });
  expect((await cmdb(["export", "--out", join(folder, "no/such/x"), "--collector", url])).code).toBe(1);
});

test("show one: what it needs and what needs it, hostile names made harmless", async () => {
  const relation = { source: "agent", confidence: 0.8, lastSeenAt: null };
  const ci = {
    id: "web\u001b[31m-01",
    type: "host",
    name: "Web",
    aliases: ["w"],
    labels: { site: "a" },
    owner: "t",
    criticality: 1,
    minHealthy: null,
    known: true,
    needs: [{ from: "web-01", type: "uses", to: "db", ...relation }],
    neededBy: [{ from: "shop", type: "dependsOn", to: "web-01", ...relation, source: "cmdb", confidence: 1 }],
  };
  const { out } = await cmdb(["show", "web-01", "--collector", await answering(200, ci)]);
  expect(asked[0]?.url).toBe("/api/v1/cmdb/cis/web-01");
  expect(out).toContain("Needs\n  uses db (agent, 80 %)\nNeeded by\n  shop dependsOn\n");
  expect(out).not.toContain("\u001b");
});

test("show lists, with filters", async () => {
  const ci = {
    id: "a",
    type: "vm",
    name: "a",
    aliases: [],
    labels: {},
    owner: null,
    criticality: null,
    minHealthy: null,
    known: false,
  };
  const url = await answering(200, { items: [ci], next: null });
  const { out } = await cmdb(["show", "--unknown", "--type", "vm", "--search", "x y", "--collector", url]);
  expect(asked[0]?.url).toContain("type=vm&q=x+y&known=false");
  expect(out).toMatch(/a +vm +unknown/);
});

test("drift and sources", async () => {
  const drift = {
    at: "2026-01-01T00:00:00.000Z",
    unknownCis: ["ghost"],
    undeclaredCis: [
      {
        ci: "postgres@db-1",
        type: "database",
        host: "db-1",
        source: "observed:db-1",
        lastSeenAt: "2026-01-01T00:00:00.000Z",
      },
    ],
    unobservedCis: [],
    undeclaredRelations: [
      {
        relation: "a uses b",
        source: "agent",
        confidence: 0.6,
        firstSeenAt: null,
        lastSeenAt: "2026-01-01T00:00:00.000Z",
      },
    ],
    unobservedRelations: [{ relation: "b uses c", source: "cmdb", lastSeenAt: null }],
    counts: { unknownCis: 1, undeclaredCis: 1, unobservedCis: 0, undeclaredRelations: 60, unobservedRelations: 1 },
  };
  const shown = await cmdb(["drift", "--collector", await answering(200, drift)]);
  expect(shown.out).toBe(`Reported, and declared by nobody (1)
CI
ghost

Found by agents, and missing in the CMDB (1)
CI             TYPE      ON    LAST SEEN
postgres@db-1  database  db-1  2026-01-01T00:00:00.000Z

Observed relations that are missing in the CMDB (60)
RELATION  SOURCE  SURE  LAST SEEN
a uses b  agent   60 %  2026-01-01T00:00:00.000Z
… and 59 more; --json has up to a thousand

Declared relations that were not observed although both ends are watched (1)
RELATION  SOURCE  LAST SEEN
b uses c  cmdb    never
`);
  const none = await cmdb(["sources", "--collector", await answering(200, { items: [], next: null })]);
  expect(none.out).toBe("No sources: configure cmdb.files, or import one.\n");
});

test("--json is the API's answer", async () => {
  const { out } = await cmdb(["drift", "--json", "--collector", await answering(200, { at: "x" })]);
  expect(JSON.parse(out)).toEqual({ at: "x" });
});

test("wrong usage, a file that is not there, no collector", async () => {
  expect((await cmdb(["import"])).code).toBe(2);
  expect((await cmdb(["paint"])).code).toBe(2);
  expect((await cmdb(["constructor"])).code).toBe(2);
  expect((await cmdb(["import", join(folder, "nope")])).code).toBe(1);
  expect((await cmdb(["show", "--collector", "http://127.0.0.1:9"])).code).toBe(3);
  expect((await cmdb(["--help"])).out).toContain("Examples:");
});

test.for([
  ["netbox.json", "netbox"],
  ["/tmp/Net Box Export.YAML", "net-box-export"],
  ["__x.yml", "x"],
  ["Ünï.json", "n-"],
  ["cmdb.yaml", "import"],
  ["/etc/tocsin/CMDB.json", "import"],
  ["資産.json", "import"],
] as const)("the source of %s is %s", ([file, name]) => {
  expect(sourceNameOf(file)).toBe(name);
});
