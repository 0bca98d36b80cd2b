import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { callCommand } from "../../test/support/called-command.ts";
import { run } from "./check.ts";
import { type FileKind, fileKindOf } from "./file-kind.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-check-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = (name: string): string => join(folder, name);
const write = (name: string, text: string): string => {
  writeFileSync(path(name), text);
  return path(name);
};

async function check(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const called = await callCommand(run, args);
  return { ...called, out: called.out.replaceAll(folder, "") };
}

test("mistakes are told with file, line, column, what was found and what to do; exit 1", async () => {
  const file = write("tocsin.yaml", "listen: 0.0.0.0:80\nreceivrs: {}\n");
  const { code, out } = await check(file);
  expect(code).toBe(1);
  expect(out).toBe(
    [
      '/tocsin.yaml:1:9: error CONFIG_OPEN_LISTEN: listening on 0.0.0.0, port 80 without "auth" would let anyone in; add auth: { tokens: [ … ] }, or listen on 127.0.0.1',
      '/tocsin.yaml:2:1: error CONFIG_UNKNOWN_KEY: "receivrs" is not a key here; did you mean "receivers"?',
      "2 errors, 0 warnings\n",
    ].join("\n"),
  );
});

test("a configuration is checked with the files it names, also when it has errors itself", async () => {
  write("cmdb.yaml", "cis: [{ id: 1 }]");
  const { code, out } = await check(
    write("tocsin.yaml", "listen: 0.0.0.0:80\ncmdb: { files: [cmdb.yaml] }\nrules: [nowhere]\n"),
  );
  expect(code).toBe(1);
  expect(out).toContain("/tocsin.yaml:1:9: error CONFIG_OPEN_LISTEN");
  expect(out).toContain("/cmdb.yaml:1:13: error CMDB_WRONG_TYPE");
  expect(out).toContain("/nowhere:1:1: error RULE_NO_PACK");
  expect(out).toContain("3 errors");
});

test.for<[situation: string, name: string, text: string, expected: string]>([
  [
    "Latin 1 in a CMDB",
    "cmdb.yaml",
    "cis:\n- { id: caf\xe9 }\n",
    "cmdb.yaml:2:12: error CMDB_SYNTAX: here the file is not UTF-8; save",
  ],
  [
    "Latin 1 in a configuration",
    "tocsin.yaml",
    "# caf\xe9\n",
    "tocsin.yaml:1:6: error CONFIG_SYNTAX: here the file is not UTF-8; save",
  ],
  [
    "UTF-16",
    "tocsin.yaml",
    "\xff\xfel\0i\0s\0",
    "tocsin.yaml:1:1: error CONFIG_SYNTAX: the file is UTF-16, not UTF-8; save",
  ],
])("another encoding is told, not read as other names: %s", async ([, name, text, expected]) => {
  const file = write(name, "");
  writeFileSync(file, text, "latin1");
  expect((await check(file)).out).toContain(expected);
});

test("a name that means a CI here and another there is told with the file", async () => {
  const one = write("a-cmdb.yaml", "cis: [{ id: web-01, aliases: [w1] }]");
  const two = write("b-cmdb.yaml", "cis: [{ id: web-02, aliases: [W1] }]");
  const { code, out } = await check(one, two);
  expect(code).toBe(0);
  expect(out).toContain(
    `b-cmdb.yaml:1:1: warning CMDB_AMBIGUOUS_NAME: "W1" already means "web-01" in another file; it will not find web-02`,
  );
});

test("a pattern that the agent would refuse is told before it does", async () => {
  const file = write("agent.yaml", "watch:\n  logs:\n  - { path: /var/log/x, pattern: '(', severity: major }\n");
  const { code, out } = await check("--kind", "agent", file);
  expect([code, out]).toEqual([1, expect.stringContaining("AGENT_BAD_PATTERN")]);
});

test("a pack that Tocsin brings, and that is not beside the configuration, is told with its folder", async () => {
  const { out } = await check(write("tocsin.yaml", "rules: [rules/packs/postgresql]\n"));
  expect(out).toMatch(
    /RULE_NO_PACK: .* the pack of that name which Tocsin brings is \/\S+\/rules\/packs\/postgresql\n/,
  );
});

test("what a configuration sets for agents may say less than a host's own file", async () => {
  const config = 'agents: { configuration: [{ ci: "web-*", file: web.yaml }, { ci: "*", file: gone.yaml }] }\n';
  write("web.yaml", "interval: 30s\ndataDir: /tmp\nwatch:\n  plugins: [{ name: x, command: [/bin/sh] }]\n");
  const { code, out } = await check(write("tocsin.yaml", config));
  expect(code).toBe(1);
  expect(out).toContain("/web.yaml:2:1: error AGENT_HOST_ONLY: dataDir cannot be set from the collector");
  expect(out).toContain("/web.yaml:4:3: error AGENT_HOST_ONLY: watch.plugins cannot be set");
  expect(out).toContain("/gone.yaml:1:1: error CONFIG_FILE_UNREADABLE");
});

test("what is fine is said in one line; warnings do not fail, unless they shall", async () => {
  const one = write("one.yaml", "cis: [{ id: a }]\nrelations: [{ from: a, type: uses, to: b }]");
  const two = write("two.yaml", "cis: [{ id: b }]");
  expect(await check(one, two)).toEqual({ code: 0, out: "/one.yaml: fine (cmdb)\n/two.yaml: fine (cmdb)\n", err: "" });
  expect((await check(one)).out).toContain("CMDB_DANGLING");
  expect((await check(one)).code).toBe(0);
  expect((await check("--strict", one)).code).toBe(1);
});

test("a configuration that tells nobody is fine, and says so", async () => {
  const file = write("tocsin.yaml", "retention: { incidents: 30d }\n");
  const { code, out } = await check(file);
  expect([code, out]).toEqual([
    0,
    "/tocsin.yaml: fine (config); it has no receivers: incidents are shown, and nobody is told. Add receivers and routes\n",
  ]);
  expect((await check("--strict", file)).code).toBe(0);
});

test("sources that disagree are told", async () => {
  const files = [write("one.yaml", "cis: [{ id: a, type: host }]"), write("two.yaml", "cis: [{ id: A, type: vm }]")];
  expect((await check(...files)).out).toContain(
    "/two.yaml:1:1: warning CMDB_CONTRADICTION: a has type vm here and host in /one.yaml",
  );
});

test("a folder: its files, or its packs", async () => {
  write("tocsin.yaml", "{}");
  write("agent.yaml", "intervall: 5s");
  const files = await check(folder);
  expect(files.out).toContain("/tocsin.yaml: fine (config)");
  expect(files.out).toContain("/agent.yaml:1:1: error AGENT_UNKNOWN_KEY");
  write("package.json", '{ "name": "x", "version": "1.0.0", "description": "y" }');
  const more = await check(folder);
  expect(more.out).toContain("/package.json: left out, nothing in it is ours\n");
  expect(more.out).toContain("1 error, 0 warnings");
  expect((await check(path("package.json"))).code).toBe(1);
  mkdirSync(path("packs/mine"), { recursive: true });
  write("packs/mine/pack.yaml", "name: mine\n");
  expect((await check(path("packs"))).out).toContain("/packs/mine/pack.yaml:");
  mkdirSync(path("empty"));
  expect((await check(path("empty"))).code).toBe(1);
});

test("the packs that come with Tocsin are fine", async () => {
  const packs = new URL("../../rules/packs", import.meta.url).pathname;
  const { code, out } = await check(packs);
  expect([code, out]).toEqual([0, `${packs}: fine (pack)\n`]);
});

test("--json tells the same to machines", async () => {
  const { code, out } = await check("--json", write("cmdb.yaml", "cis: [{ id: a, criticality: 9 }]"));
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    files: [
      {
        path: "/cmdb.yaml",
        kind: "cmdb",
        findings: [{ severity: "error", code: "CMDB_BAD_VALUE", line: 1, column: 29 }],
      },
    ],
  });
});

test("--kind wins over what the file shows", async () => {
  const file = write("any.yaml", "cis: [{ id: a }]");
  expect((await check("--kind", "config", file)).out).toContain("CONFIG_UNKNOWN_KEY");
});

test("a file that is not there, and wrong usage", async () => {
  expect(await check(path("nope.yaml"))).toMatchObject({ code: 1 });
  expect((await check()).code).toBe(2);
  expect((await check("--kind", "x", "y")).code).toBe(2);
  expect((await check("--nonsense")).code).toBe(2);
  const help = await check("--help");
  expect([help.code, help.out.includes("Examples:")]).toEqual([0, true]);
});

test.for<[file: string, text: string, kind: FileKind | null]>([
  ["package.json", '{"name": "x", "version": "1", "description": ""}', null],
  ["tsconfig.json", '{"compilerOptions": {}}', null],
  ["data.json", '{"a": 1}', null],
  ["tocsin.yaml", "", "config"],
  ["x.yaml", "listen: 127.0.0.1:1", "config"],
  ["x.yaml", "cmdb: { files: [a] }\nrules: [b]", "config"],
  ["x.yaml", "vantage: [a]", "cmdb"],
  ["cmdb.json", "{}", "cmdb"],
  ["x.json", '{"cis": [{"id": "a", "name": "b"}], "relations": []}', "cmdb"],
  ["x.json", `{"vantage": [], "cis": [${'{"id": "a", "name": "{\\"version\\": 1"},'.repeat(9)}`, "cmdb"],
  ["x.json", '{\n  "vantage": [],\n  "cis": [', "cmdb"],
  ["x.yaml", "collector: http://a\ninterval: 10s", "agent"],
  ["agent.yaml", "dataDir: x", "agent"],
  ["pack.yaml", "listen: x", "pack"],
  ["rules.yaml", "name: a\nversion: 1\nrules: []", "pack"],
  ["pack.test.yaml", "", "pack-test"],
  ["x.yaml", "receivers:\n\tbad: tab", "config"],
  ["x.yaml", `cis:\n${"  - { id: a }\n".repeat(10_000)}`, "cmdb"],
])("what a file is, row %#: %s", ([file, text, kind]) => {
  expect(fileKindOf(file, text)).toBe(kind);
});
