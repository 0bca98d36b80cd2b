import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { parse } from "yaml";
import { run } from "./import-alertmanager.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-import-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const EXAMPLE = new URL("alertmanager-import/testdata/alertmanager.yml", import.meta.url).pathname;

async function call(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await run(args, {
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text.replaceAll(folder, "")),
    env: {},
    isTerminal: false,
    isErrorTerminal: false,
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

test("the configuration goes to standard output, the notes with their lines to standard error", async () => {
  const { code, out, err } = await call(EXAMPLE);
  expect(code).toBe(0);
  expect(parse(out)).toMatchObject({ alertmanager: { resolveTimeout: "10m" } });
  expect(err).toContain(`alertmanager.yml:8: not carried over: templates: `);
  expect(err).toContain(`alertmanager.yml:45: not carried over: receivers[2].pagerduty_configs[0]: `);
  expect(err).toMatch(/5 not carried over, 7 work in another way\n$/);
});

test("a file is written once and never over another", async () => {
  const path = join(folder, "tocsin.yaml");
  expect((await call(EXAMPLE, "--out", path)).code).toBe(0);
  expect(parse(readFileSync(path, "utf8"))).toHaveProperty("routes");
  const again = await call(EXAMPLE, "--out", path);
  expect([again.code, again.err]).toEqual([1, expect.stringContaining("/tocsin.yaml cannot be written")]);
});

test("anchors are followed, labels are read as they are written, and what is said of many places is said once", async () => {
  const path = join(folder, "merged.yml");
  writeFileSync(
    path,
    [
      "route:",
      "  receiver: a",
      "  routes: [{ receiver: b, match: { version: 1.10 } }]",
      "receivers:",
      "- name: a",
      "  webhook_configs: [&hook { url: 'https://a.example.net', http_config: { bearer_token: t } }]",
      "- name: b",
      "  webhook_configs: [{ <<: *hook, url: 'https://b.example.net' }]",
      "",
    ].join("\n"),
  );
  const { out, err } = await call(path);
  expect(parse(out)).toMatchObject({
    routes: [{ match: { matchers: ['version="1.10"'] } }, {}],
    receivers: { b: { webhook: { url: "https://b.example.net", authorization: "Bearer t" } } },
  });
  expect(err).toMatch(/^\/merged.yml:6: differs: .* \(also at line 8\)\n0 not carried over, 2 work in another way\n$/);
});

test("for machines", async () => {
  const { out } = await call(EXAMPLE, "--json");
  const { notes } = JSON.parse(out) as { notes: { kind: string; line: number }[] };
  expect(notes[1]).toMatchObject({ kind: "lost", line: 8 });
});

test.for<[situation: string, args: string[], code: number, message: string]>([
  ["no file", [], 2, "name one file"],
  ["a missing file", [join(folder, "none.yml")], 1, "/none.yml cannot be read"],
  ["broken YAML", [join(folder, "broken.yml")], 1, "/broken.yml:2:1: Flow sequence in block collection"],
  ["two documents", [join(folder, "two.yml")], 1, "/two.yml:2:1: there is more than one document"],
  ["an anchor that is not there", [join(folder, "anchor.yml")], 1, "/anchor.yml: Unresolved alias"],
  ["an alias to itself", [join(folder, "circle.yml")], 1, "/circle.yml: an alias leads to what it stands in"],
  ["aliases of aliases", [join(folder, "bomb.yml")], 1, "/bomb.yml: Excessive alias count"],
  ["Prometheus's file", [join(folder, "prometheus.yml")], 1, "/prometheus.yml is no configuration of an Alertmanager"],
  ["an empty file", [join(folder, "empty.yml")], 1, "/empty.yml is no configuration of an Alertmanager"],
  ["a list", [join(folder, "list.yml")], 1, "/list.yml is no configuration of an Alertmanager"],
])("told: %s", async ([, args, code, message]) => {
  writeFileSync(join(folder, "broken.yml"), "route: [\n");
  writeFileSync(join(folder, "two.yml"), "route: {}\n---\nroute: {}\n");
  writeFileSync(join(folder, "anchor.yml"), "route: { receiver: *a }\n");
  writeFileSync(join(folder, "circle.yml"), "route: &r { routes: [*r] }\n");
  const nested = ["b", "c", "d", "e"].map((name, index) => `${name}: &${name} [${`*${"abcd"[index]},`.repeat(9)}]\n`);
  writeFileSync(join(folder, "bomb.yml"), `a: &a [1]\n${nested.join("")}route: *e\n`);
  writeFileSync(join(folder, "prometheus.yml"), "global: { scrape_interval: 5s }\nscrape_configs: []\n");
  writeFileSync(join(folder, "empty.yml"), "");
  writeFileSync(join(folder, "list.yml"), "[route]\n");
  const result = await call(...args);
  expect([result.code, result.err]).toEqual([code, expect.stringContaining(message)]);
});
