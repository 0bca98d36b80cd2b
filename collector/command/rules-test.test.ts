import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { run } from "./rules-test.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-rules-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function call(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const io = {
    stdout: (text: string) => void (out += text),
    stderr: (text: string) => void (err += text),
    env: {},
    isTerminal: false,
    isErrorTerminal: false,
    signal: new AbortController().signal,
  };
  const code = await run(args, io);
  return { code, out: out.replaceAll(folder, "DIR"), err };
}

const PACK = `name: my-pack
version: 1.2.0
description: for tests
rules:
  - name: too_high
    value: my.metric
    warning: { above: 10 }
    summary: "{{value}}"
    reason: test
`;

const TESTS = `tests:
  - name: rises and falls
    rule: too_high
    series:
      - { metric: my.metric, values: "1, 11, 1" }
    expect:
      - { at: 1m, firing: warning, summary: "11" }
      - { at: 2m, resolved: warning }
`;

function write(parts: { pack?: string; tests?: string | null; runbook?: string | null; name?: string } = {}): string {
  const pack = join(folder, parts.name ?? "my-pack");
  mkdirSync(join(pack, "runbook"), { recursive: true });
  writeFileSync(join(pack, "pack.yaml"), parts.pack ?? PACK);
  if (parts.tests !== null) writeFileSync(join(pack, "pack.test.yaml"), parts.tests ?? TESTS);
  if (parts.runbook !== null)
    writeFileSync(
      join(pack, "runbook/too_high.md"),
      parts.runbook ?? "# Too high\n\nWhat it means, who is hit, what to do.\n",
    );
  return pack;
}

test("a good pack passes, by its folder and by the folder of packs", async () => {
  const pack = write();
  for (const path of [pack, folder]) {
    const { code, out } = await call("test", path);
    expect(out).toBe("ok   my-pack 1.2.0: 1 rule, 1 test\n1 pack, 1 test: all passed\n");
    expect(code).toBe(0);
  }
});

test("a failed expectation is shown with its place, what was expected and what was found", async () => {
  write({ tests: TESTS.replace("at: 1m", "at: 5m") });
  const { code, out } = await call("test", folder);
  expect(code).toBe(1);
  expect(out).toContain("too_high rises and falls  (DIR/my-pack/pack.test.yaml:2)");
  expect(out).toContain('expected firing warning at 5m "11", found firing warning at 1m "" "11"');
});

test.for<[situation: string, parts: Parameters<typeof write>[0], code: string]>([
  ["a rule without a test", { tests: "tests: []\n" }, "RULE_NO_TEST"],
  ["a pack without tests", { tests: null }, "RULE_NO_TEST"],
  ["a rule without a runbook", { runbook: null }, "RULE_NO_RUNBOOK"],
  ["an empty runbook", { runbook: "" }, "RULE_NO_RUNBOOK"],
  ["a folder of another name", { name: "other" }, "RULE_PACK_NAME"],
  ["a pack with a mistake", { pack: PACK.replace("above", "abvoe") }, "RULE_UNKNOWN_KEY"],
  ["a test with a mistake", { tests: TESTS.replace("values", "value") }, "RULE_UNKNOWN_KEY"],
])("%s is refused", async ([, parts, expected]) => {
  write(parts);
  const { code, out } = await call("test", folder);
  expect(out).toContain(expected);
  expect(code).toBe(1);
});

test("two packs cannot have one rule", async () => {
  write();
  write({ name: "second", pack: PACK.replace("my-pack", "second") });
  const { code, out } = await call("test", folder);
  expect(out).toContain('RULE_DUPLICATE: rule "too_high" stands in my-pack and second');
  expect(code).toBe(1);
});

test("a pack without tests and runbooks is told what is missing, and is not called ok", async () => {
  write({});
  rmSync(join(folder, "my-pack", "pack.test.yaml"), { force: true });
  rmSync(join(folder, "my-pack", "runbook"), { recursive: true, force: true });
  const { code, out } = await call("test", folder);
  expect(code).toBe(1);
  expect(out).toMatch(/^FAIL my-pack 1\.2\.0: 1 rule, 0 tests\n/);
  expect(out).toMatch(/RULE_NO_TEST: rule "\w+" has no test; write pack\.test\.yaml beside the pack/);
  expect(out).toContain("RULE_NO_RUNBOOK");
  expect(out).not.toContain("ENOENT");
});

test("for programs: --json", async () => {
  write({ tests: TESTS.replace("at: 1m", "at: 5m") });
  const { code, out } = await call("test", "--json", folder);
  const result = JSON.parse(out) as { passed: boolean; packs: { pack: string; tests: { passed: boolean }[] }[] };
  expect([code, result.passed, result.packs[0]?.pack, result.packs[0]?.tests[0]?.passed]).toEqual([
    1,
    false,
    "my-pack",
    false,
  ]);
});

test("wrong usage", async () => {
  expect(await call("tset")).toMatchObject({ code: 2, err: expect.stringContaining('there is no "rules tset"') });
  expect(await call()).toMatchObject({ code: 2 });
  expect(await call("test", "--fast")).toMatchObject({ code: 2 });
  expect(await call("test", join(folder, "nowhere"))).toMatchObject({
    code: 1,
    out: expect.stringContaining("RULE_NO_PACK"),
  });
  expect(await call("--help")).toMatchObject({ code: 0 });
});
