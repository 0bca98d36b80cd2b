import { execFileSync, spawn } from "node:child_process";
import { createServer } from "node:net";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { debianTool } from "../support/debian-tool.ts";
import { json, startCollector, temporaryFolder, TocsinProcess, waitFor } from "../support/tocsin-process.ts";

/** A real Prometheus finds our agents by service discovery and scrapes them and us; promtool finds nothing to complain about. */

const endings: (() => unknown)[] = [];
let url: string;
let prometheus: string;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

const query = async (expression: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> =>
  (
    await json<{ data?: { result: { metric: Record<string, string>; value: [number, string] }[] } }>(
      `${prometheus}/api/v1/query?query=${encodeURIComponent(expression)}`,
    )
  ).body.data?.result ?? [];

beforeAll(async () => {
  const folder = temporaryFolder((clean) => endings.push(clean));
  const collector = await startCollector(folder, {
    "viewer.token": "viewer-token-0123456789",
    "agent.token": "agent-token-0123456789",
    "tocsin.yaml": `
auth:
  tokens:
    - { name: prometheus, role: viewer, tokenFile: viewer.token }
    - { name: hosts, role: agent, tokenFile: agent.token }
`,
  });
  endings.unshift(() => collector.process.stop());
  url = collector.url;
  writeFileSync(join(folder, "agent.yaml"), `ci: scraped-host\ndataDir: agent\ninterval: 2s\ntokenFile: agent.token\n`);
  const agent = new TocsinProcess(["agent", "--config", join(folder, "agent.yaml"), "--collector", url]);
  endings.unshift(() => agent.stop("SIGKILL"));

  const port = await freePort();
  prometheus = `http://127.0.0.1:${port}`;
  const target = url.replace("http://", "");
  writeFileSync(
    join(folder, "prometheus.yml"),
    `
global: { scrape_interval: 1s }
scrape_configs:
  - job_name: tocsin
    authorization: { credentials_file: ${folder}/viewer.token }
    static_configs: [{ targets: ["${target}"] }]
  - job_name: agents
    honor_labels: true
    authorization: { credentials_file: ${folder}/viewer.token }
    http_sd_configs: [{ url: "${url}/sd/prometheus", refresh_interval: 1s, authorization: { credentials_file: ${folder}/viewer.token } }]
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

test("Prometheus scrapes the collector itself", async () => {
  const up = await waitFor(async () => (await query('up{job="tocsin"} == 1').catch(() => []))[0], 60_000, 500);
  expect(up?.value[1]).toBe("1");
  expect(await waitFor(async () => (await query("alertmanager_build_info"))[0], 15_000, 500)).toBeDefined();
});

test("Prometheus finds the agent by service discovery and reads its host by node_exporter's names, labelled with its CI", async () => {
  const load = await waitFor(async () => (await query('node_load1{ci="scraped-host"}'))[0], 60_000, 500);
  expect(load).toBeDefined();
  const cpu = await waitFor(
    async () =>
      (await query('sum by (mode) (rate(node_cpu_seconds_total{ci="scraped-host"}[30s]))')).find(
        (row) => row.metric["mode"] === "idle" && Number(row.value[1]) > 0,
      ),
    60_000,
    500,
  );
  expect(cpu).toBeDefined();
});

test.each(["/metrics", "/metrics/agents"])("promtool check metrics is clean on %s", async (path) => {
  const text = await (
    await fetch(`${url}${path}`, { headers: { authorization: "Bearer viewer-token-0123456789" } })
  ).text();
  expect(text.split("\n").length).toBeGreaterThan(30);
  let complaints = "";
  try {
    execFileSync(debianTool("promtool"), ["check", "metrics"], { input: text, encoding: "utf8" });
  } catch (error) {
    complaints = String((error as { stderr?: string }).stderr);
  }
  // Names that node_exporter itself has are kept as they are, though promtool would have named them otherwise.
  const ours = complaints.split("\n").filter((line) => line !== "" && !line.startsWith("node_"));
  expect(ours).toEqual([]);
});

test("the token of an agent reads nothing, no token reads nothing", async () => {
  const status = async (token: string | undefined): Promise<number> =>
    (await fetch(`${url}/metrics/agents`, token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }))
      .status;
  expect([await status(undefined), await status("agent-token-0123456789"), await status("nonsense")]).toEqual([
    401, 403, 401,
  ]);
});
