import { spawn } from "node:child_process";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { debianTool } from "../support/debian-tool.ts";
import { json, startCollector, temporaryFolder, TocsinProcess, waitFor } from "../support/tocsin-process.ts";

/** node_exporter's own alert and recording rules run in a real Prometheus on our agent's series, unchanged. */

const MIXIN = new URL("testdata/node-mixin/", import.meta.url).pathname;
const endings: (() => unknown)[] = [];
let prometheus = "";
let exposed = "";

interface Rule {
  name: string;
  health: string;
  lastError?: string;
  type: string;
}

interface MixinMetric {
  name: string;
  type: string;
  labels: string[];
  os: string;
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

async function values(expression: string): Promise<number[]> {
  const { body } = await json<{ data?: { result: { value: [number, string] }[] } }>(
    `${prometheus}/api/v1/query?query=${encodeURIComponent(expression)}`,
  );
  return (body.data?.result ?? []).map((row) => Number(row.value[1]));
}

async function rules(): Promise<Rule[]> {
  const { body } = await json<{ data?: { groups: { rules: Rule[] }[] } }>(`${prometheus}/api/v1/rules`);
  return (body.data?.groups ?? []).flatMap((group) => group.rules);
}

beforeAll(async () => {
  const folder = temporaryFolder((clean) => endings.push(clean));
  const collector = await startCollector(folder, {});
  endings.unshift(() => collector.process.stop());
  writeFileSync(join(folder, "agent.yaml"), "ci: node-1\ndataDir: agent\ninterval: 1s\n");
  const agent = new TocsinProcess(["agent", "--config", join(folder, "agent.yaml"), "--collector", collector.url]);
  endings.unshift(() => agent.stop("SIGKILL"));
  exposed = `${collector.url}/metrics/agents`;

  for (const name of ["alerts", "rules"])
    copyFileSync(join(MIXIN, `${name}.rendered.json`), join(folder, `${name}.yml`));
  const port = await freePort();
  prometheus = `http://127.0.0.1:${port}`;
  writeFileSync(
    join(folder, "prometheus.yml"),
    `
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [alerts.yml, rules.yml]
scrape_configs:
  - job_name: node
    honor_labels: true
    http_sd_configs: [{ url: "${collector.url}/sd/prometheus", refresh_interval: 1s }]
`,
  );
  const child = spawn(
    debianTool("prometheus"),
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/tsdb`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: "ignore" },
  );
  endings.unshift(() => child.kill("SIGKILL"));
});

afterAll(async () => {
  for (const end of endings) await end();
});

test("every rule of the mixin is evaluated without an error", async () => {
  const evaluated = await waitFor(
    async () => {
      const all = await rules().catch(() => []);
      return all.length > 0 && all.every((rule) => rule.health !== "unknown") ? all : undefined;
    },
    60_000,
    500,
  );
  expect(evaluated?.filter((rule) => rule.health !== "ok").map((rule) => `${rule.name}: ${rule.lastError}`)).toEqual(
    [],
  );
  expect(evaluated?.length).toBe(41);
});

test.for<[record: string, isTrue: (value: number) => boolean]>([
  ["instance:node_num_cpu:sum", (value) => value >= 1 && Number.isInteger(value)],
  ["instance:node_cpu_utilisation:rate5m", (value) => value >= 0 && value <= 1],
  ["instance:node_load1_per_cpu:ratio", (value) => value >= 0],
  ["instance:node_memory_utilisation:ratio", (value) => value > 0 && value < 1],
  ["instance:node_vmstat_pgmajfault:rate5m", (value) => value >= 0],
  ["instance:node_network_receive_bytes_excluding_lo:rate5m", (value) => value >= 0],
])("the recording rule %s has a true value for our host", async ([record, isTrue]) => {
  const found = await waitFor(
    async () => {
      const list = await values(`{__name__="${record}",instance="node-1"}`).catch(() => []);
      return list.length > 0 ? list : undefined;
    },
    60_000,
    500,
  );
  expect(found?.length).toBe(1);
  expect(isTrue(found?.[0] ?? Number.NaN), String(found)).toBe(true);
});

/** What needs hardware, kernel modules or services that a test host may not have, and what the docs list as not there. */
const DEPENDS_ON_HOST = /^node_(bonding_|md_|nf_conntrack_|systemd_|timex_|disk_|filesystem_readonly|textfile_)/;

test("each metric that the mixin reads and this host can have is exposed, with node_exporter's type and labels", async () => {
  const text = await (await fetch(exposed)).text();
  const wanted = (
    JSON.parse(readFileSync(join(MIXIN, "node-mixin-metrics.json"), "utf8")) as { metrics: MixinMetric[] }
  ).metrics;
  const missing: string[] = [];
  for (const { name, type, labels, os } of wanted) {
    if (os.startsWith("darwin")) continue;
    const line = text.split("\n").find((each) => each.startsWith(`${name}{`));
    if (line === undefined) {
      if (!DEPENDS_ON_HOST.test(name)) missing.push(name);
      continue;
    }
    expect(text, name).toContain(`# TYPE ${name} ${type}\n`);
    const own = [...line.matchAll(/(\w+)="/g)].map(([, label]) => label).filter((label) => label !== "ci");
    expect({ name, labels: new Set(own) }).toEqual({ name, labels: new Set(labels) });
  }
  expect(missing).toEqual([]);
});
