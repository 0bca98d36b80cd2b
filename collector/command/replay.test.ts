import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { callCommand } from "../../test/support/called-command.ts";
import { run } from "./replay.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-replay-"));
  writeFileSync(join(folder, "cmdb.json"), '{"cis":[],"relations":[]}');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const GOOD = JSON.stringify({
  receivedAt: "2026-03-01T10:00:00Z",
  source: "agent",
  ci: "web-01",
  check: "cpu",
  status: "firing",
  severity: "critical",
  summary: "busy",
});

async function replay(lines: readonly string[], ...flags: string[]): Promise<{ code: number; err: string }> {
  const events = join(folder, "events.jsonl");
  writeFileSync(events, lines.map((line) => `${line}\n`).join(""));
  const { code, err } = await callCommand(run, [
    "--cmdb",
    join(folder, "cmdb.json"),
    "--events",
    events,
    "--out",
    join(folder, "out.json"),
    ...flags,
  ]);
  return { code, err: err.replaceAll(`${folder}/`, "") };
}

test("a recording without a bad line says nothing about lines", async () => {
  expect(await replay([GOOD])).toEqual({ code: 0, err: "" });
});

test("without a comparison --json tells the counts", async () => {
  const events = join(folder, "events.jsonl");
  const out = join(folder, "out.json");
  writeFileSync(events, `${GOOD}\n`);
  const flags = ["--cmdb", join(folder, "cmdb.json"), "--events", events, "--json"];
  const counts = await callCommand(run, [...flags, "--out", out]);
  expect(JSON.parse(counts.out)).toMatchObject({ out, stats: { lines: 1, incidents: 1 } });
  const whole = await callCommand(run, [...flags, "--out", "-"]);
  expect(Object.keys(JSON.parse(whole.out) as object)).toEqual(["incidents", "stats"]);
});

test("colours and progress go where a terminal shows them, and into no file", async () => {
  const events = join(folder, "events.jsonl");
  const cmdb = join(folder, "cmdb.json");
  writeFileSync(events, `${GOOD}\n`);
  const seen = async (isTerminal: boolean, isErrorTerminal: boolean): Promise<string> => {
    const flags = ["--cmdb", cmdb, "--events", events, "--out", join(folder, "out.json")];
    return (await callCommand(run, flags, {}, { isTerminal, isErrorTerminal })).err;
  };
  expect(await seen(false, true)).toMatch(/^\r1 lines in .* 1 incidents/);
  expect(await seen(true, false)).toBe("");
  writeFileSync(cmdb, '{"cis":[{"id":"a"}],"relations":[{}]}');
  expect(await seen(false, true)).toContain("\u001b[31merror\u001b[0m CMDB_MISSING_KEY");
  expect(await seen(true, false)).toContain(" error CMDB_MISSING_KEY");
});

test("with --json bad lines are one object", async () => {
  const { code, err } = await replay([GOOD, "{"], "--json");
  expect(code).toBe(0);
  expect(JSON.parse(err)).toMatchObject({ code: "badLines", details: [{ line: 2 }] });
});

test("bad lines are told with number and reason, and counted; the rest is replayed", async () => {
  const { code, err } = await replay([GOOD, "{", GOOD]);
  expect(code).toBe(0);
  expect(err).toMatch(
    /^events\.jsonl:2: not JSON: .*\ntocsin: events\.jsonl: 1 of 3 lines are bad: these lines were left out\n$/,
  );
  expect(JSON.parse(readFileSync(join(folder, "out.json"), "utf8")).stats).toMatchObject({ lines: 3, badLines: 1 });
});

test("a configuration with secrets in files is used without them, and mistakes look as `check` tells them", async () => {
  const file = (name: string, token: string): string => `{ name: ${name}, role: viewer, tokenFile: ${token} }`;
  const config = join(folder, "tocsin.yaml");
  writeFileSync(config, `auth: { tokens: [${file("a", "a.token")}, ${file("b", "b.token")}] }`);
  expect(await replay([GOOD], "--config", config)).toEqual({ code: 0, err: "" });
  writeFileSync(config, "listenn: x");
  expect(await replay([GOOD], "--config", config)).toEqual({
    code: 1,
    err: 'tocsin.yaml:1:1: error CONFIG_UNKNOWN_KEY: "listenn" is not a key here; did you mean "listen"?\n',
  });
});

test("--ledger: a decision a line, its time as the API writes it", async () => {
  const ledger = join(folder, "ledger.jsonl");
  expect((await replay([GOOD], "--ledger", ledger)).code).toBe(0);
  const [first] = readFileSync(ledger, "utf8").trimEnd().split("\n");
  expect(JSON.parse(first ?? "")).toMatchObject({ at: "2026-03-01T10:00:00.000Z", decision: "incident.opened" });
});

test("of many bad lines the first ten are shown", async () => {
  const { code, err } = await replay([GOOD, ...Array.from({ length: 25 }, () => "[]")]);
  expect(code).toBe(0);
  expect(err.trimEnd().split("\n")).toHaveLength(11);
  expect(err).toContain("events.jsonl:11: a line must be one JSON object\n");
  expect(err).toContain("25 of 26 lines are bad; the first 10 are shown: these lines were left out\n");
});

test("--strict: the result is written, and the exit code says that it is not of all lines", async () => {
  expect((await replay([GOOD, "{"], "--strict")).code).toBe(1);
  expect(existsSync(join(folder, "out.json"))).toBe(true);
  expect((await replay([GOOD], "--strict")).code).toBe(0);
});

test("where no line can be read there is no result", async () => {
  const { code, err } = await replay(["{", "x"]);
  expect(code).toBe(1);
  expect(err).toContain("2 of 2 lines are bad: no line can be read\n");
  expect(existsSync(join(folder, "out.json"))).toBe(false);
});
