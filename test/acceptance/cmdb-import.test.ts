import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ForeignEmulator } from "../support/foreign-emulator.ts";
import { eventually } from "../support/real-prometheus.ts";
import { json, startCollector, temporaryFolder, TOCSIN } from "../support/tocsin-process.ts";

/** A CMDB import as an administrator runs it: the plan first, then the import, again and again. */

const endings: (() => unknown)[] = [];
let folder: string;
let url: string;
let emulator: ForeignEmulator;
let rows: Record<string, Record<string, string>[]>;

beforeAll(async () => {
  folder = temporaryFolder((clean) => endings.push(clean));
  rows = {
    cmdb_ci: [
      { sys_id: "a1", name: "web-01", sys_class_name: "cmdb_ci_linux_server", fqdn: "web-01.example.net" },
      { sys_id: "a2", name: "db-1", sys_class_name: "cmdb_ci_db_instance" },
      { sys_id: "a3", name: "Shop", sys_class_name: "cmdb_ci_service" },
    ],
    cmdb_rel_type: [{ sys_id: "t1", name: "Depends on::Used by" }],
    cmdb_rel_ci: [
      { sys_id: "r1", parent: "a3", child: "a1", type: "t1" },
      { sys_id: "r2", parent: "a1", child: "a2", type: "t1" },
    ],
  };
  emulator = await new ForeignEmulator(({ path, query }) => {
    const table = rows[path.split("/").at(-1) ?? ""];
    const after = /sys_id>(\w+)/.exec(query.get("sysparm_query") ?? "")?.[1] ?? "";
    return table === undefined ? undefined : { body: { result: table.filter((row) => (row["sys_id"] ?? "") > after) } };
  }).start();
  endings.unshift(() => emulator.stop());
  writeFileSync(join(folder, "snow.pw"), "p\n");
  const collector = await startCollector(folder, {
    "tocsin.yaml": "correlation: { settle: { min: 0s, max: 1s }, resolveAfter: 1s, reopenWithin: 1s }\n",
  });
  endings.unshift(() => collector.process.stop());
  ({ url } = collector);
});

afterAll(async () => {
  for (const end of endings) await end();
});

interface Plan {
  read: { cis: number; relations: number; left: Record<string, number> };
  plan: { counts: Record<string, number>; cisAdded: string[]; cisRemoved: string[]; cisRetired: string[] };
}

function importing(...more: string[]): Promise<Plan & { code: number; stderr: string }> {
  const secret = join(folder, "snow.pw");
  const args = [
    "import",
    "servicenow",
    "--url",
    emulator.url,
    "--username",
    "u",
    "--secret-file",
    secret,
    "--collector",
    url,
    "--json",
    ...more,
  ];
  return new Promise((resolve) => {
    execFile(TOCSIN, args, (error, stdout, stderr) => {
      const told = stdout === "" ? ({} as Plan) : (JSON.parse(stdout) as Plan);
      resolve({ ...told, code: typeof error?.code === "number" ? error.code : 0, stderr });
    });
  });
}

const ci = async (name: string): Promise<number> => (await json(`${url}/api/v1/cmdb/cis/${name}`)).status;

test("the plan changes nothing; the import does what it said; again there is nothing to do", async () => {
  const dry = await importing("--dry-run");
  expect(dry).toMatchObject({ code: 0, plan: { cisAdded: ["db-1", "shop", "web-01"], counts: { relationsAdded: 2 } } });
  expect(dry).toMatchObject({ read: { cis: 3, relations: 2 }, stderr: "" });
  expect(await ci("shop")).toBe(404);
  expect((await importing()).plan.counts).toEqual(dry.plan.counts);
  expect(await json(`${url}/api/v1/cmdb/cis/web-01.example.net`)).toMatchObject({
    status: 200,
    body: { id: "web-01", type: "host" },
  });
  const again = await importing();
  expect(Object.values(again.plan.counts).every((count) => count === 0)).toBe(true);
});

test("a CI that is gone at its source is retired while an incident speaks of it, and removed when that is over", async () => {
  await json(`${url}/api/v2/alerts`, [{ labels: { alertname: "Down", instance: "db-1", severity: "critical" } }]);
  type Incidents = { items: { id: string; alerts: { ci: string }[] }[] };
  const incident = await eventually("the incident", async () =>
    (await json<Incidents>(`${url}/api/v1/incidents`)).body.items.find(({ alerts }) =>
      alerts.some((alert) => alert.ci === "db-1"),
    ),
  );
  rows["cmdb_ci"] = (rows["cmdb_ci"] ?? []).filter(({ name }) => name !== "db-1");
  const gone = await importing();
  expect(gone.plan).toMatchObject({ cisRetired: ["db-1"], cisRemoved: [], counts: { relationsRemoved: 1 } });
  expect(incident.id).toMatch(/^inc-/);
  await json(`${url}/api/v2/alerts`, [
    { labels: { alertname: "Down", instance: "db-1", severity: "critical" }, endsAt: new Date().toISOString() },
  ]);
});

test("a source that cannot be read changes nothing, and says why", async () => {
  const { cmdb_ci, ...rest } = rows;
  rows = rest;
  const { code, stderr } = await importing();
  expect([code, stderr]).toEqual([1, expect.stringContaining("answered 404")]);
  expect(await ci("web-01")).toBe(200);
  rows = { ...rest, ...(cmdb_ci === undefined ? {} : { cmdb_ci }) };
});
