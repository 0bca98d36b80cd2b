import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createRandom } from "../../test/support/hourly-series.ts";
import { run } from "./backtest.ts";

let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-backtest-"));
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
  return { code, out, err };
}

const START = Date.UTC(2014, 3, 1);
const stamp = (row: number): string => new Date(START + row * 300_000).toISOString().slice(0, 19).replace("T", " ");

/** Three days of noise with a spike at its end. */
function series(rows = 900): string {
  const random = createRandom(5);
  const lines = Array.from(
    { length: rows },
    (_, row) => `${stamp(row)},${row === 850 ? "500.0" : (50 + 5 * random()).toFixed(3)}`,
  );
  return `timestamp,value\n${lines.join("\n")}\n`;
}

function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

const rowsOf = (path: string): string[][] =>
  readFileSync(path, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","));

test("the same rows in the same order, with a score and a state each", async () => {
  const input = file("cpu.csv", series());
  const out = join(folder, "out.csv");
  const { code, out: told } = await call("--series", input, "--out", out);
  expect(code).toBe(0);
  const [header, ...rows] = rowsOf(out);
  expect(header).toEqual(["timestamp", "value", "anomalyScore", "state"]);
  expect(rows.map(([at, value]) => `${at},${value}`)).toEqual(series().trimEnd().split("\n").slice(1));
  expect(rows.every(([, , score]) => Number(score) >= 0 && Number(score) <= 1)).toBe(true);
  expect(rows[0]?.[3]).toBe("learning");
  expect(rows.findIndex(([, , , state]) => state === "anomaly")).toBe(850);
  expect(told).toContain("900 rows, 1 finding →");
});

test("nothing depends on what comes later: a shorter file gives the beginning of the same answer", async () => {
  const whole = join(folder, "whole.csv");
  const part = join(folder, "part.csv");
  await call("--series", file("a.csv", series(900)), "--out", whole);
  await call("--series", file("b.csv", series(870)), "--out", part);
  expect(readFileSync(whole, "utf8").startsWith(readFileSync(part, "utf8"))).toBe(true);
});

test("a folder of series, packed or not, gives a folder", async () => {
  file("in/a.csv", series(300));
  file("in/deep/b.csv.gz", gzipSync(series(300)));
  file("in/notes.txt", "not a series");
  const out = join(folder, "out");
  expect(await call("--series", join(folder, "in"), "--out", out)).toMatchObject({ code: 0 });
  expect(rowsOf(join(out, "a.csv"))).toEqual(rowsOf(join(out, "deep/b.csv")));
  expect(rowsOf(join(out, "a.csv"))).toHaveLength(301);
});

test("several series, by repetition or as the shell expands them", async () => {
  const [a, b] = [file("a.csv", series(10)), file("b.csv", series(10))];
  for (const args of [
    ["--series", a, "--series", b],
    ["--series", a, b],
  ]) {
    const out = join(folder, `out-${args.length}`);
    expect(await call(...args, "--out", out)).toMatchObject({ code: 0 });
    expect(rowsOf(join(out, "b.csv"))).toHaveLength(11);
  }
});

test("rows that cannot be read stay in their place", async () => {
  const input = file(
    "x.csv",
    'value,timestamp,host\n1,2014-04-01T00:00:00Z,a\nNaN,2014-04-01T00:05:00Z,a\n,2014-04-01T00:10:00Z,a\n4,yesterday,a\n5,1396311600,"a,b"\n',
  );
  const out = join(folder, "out.csv");
  await call("--series", input, "--out", out);
  expect(readFileSync(out, "utf8")).toBe(
    "timestamp,value,anomalyScore,state\n" +
      "2014-04-01T00:00:00Z,1,0,learning\n2014-04-01T00:05:00Z,NaN,0,skipped\n2014-04-01T00:10:00Z,,0,skipped\nyesterday,4,0,skipped\n1396311600,5,0,learning\n",
  );
});

const RULE = `name: too_high
value: my.metric
warning: { above: 100, for: 10m }
critical: { above: 1000 }
summary: "{{value}}"
reason: test
`;

test("a rule says what it would have done", async () => {
  const lines = [50, 120, 120, 120, 2000, 50].map((value, row) => `${stamp(row)},${value}`);
  const input = file("x.csv", `timestamp,value\n${lines.join("\n")}\n`);
  const out = join(folder, "out.csv");
  expect(await call("--series", input, "--rule", file("rule.yaml", RULE), "--out", out)).toMatchObject({ code: 0 });
  expect(
    rowsOf(out)
      .slice(1)
      .map(([, , score, state]) => `${state} ${score}`),
  ).toEqual(["ok 0", "pending 0.5", "pending 0.5", "warning 1", "critical 1", "ok 0"]);
});

test("a rule of a pack, by name; of one that combines metrics the series is the value", async () => {
  const lines = Array.from({ length: 10 }, (_, row) => `${stamp(row)},${row < 3 ? 0.5 : 0.99}`);
  const input = file("x.csv", `timestamp,value\n${lines.join("\n")}\n`);
  const out = join(folder, "out.csv");
  const pack = join(import.meta.dirname, "../../rules/packs/linux-host/pack.yaml");
  expect(await call("--series", input, "--rule", `${pack}:filesystem_full`, "--out", out)).toMatchObject({ code: 0 });
  expect(rowsOf(out).at(-1)?.[3]).toBe("critical");
  const unnamed = await call("--series", input, "--rule", pack, "--out", out);
  expect(unnamed.code).toBe(1);
  expect(unnamed.err).toContain("name one as FILE:RULE");
});

test("a chart, where it is asked for", async () => {
  const { out } = await call("--series", file("cpu.csv", series()), "--out", join(folder, "o.csv"), "--chart");
  expect(out).toMatch(/500 │.*█/);
  expect(out).toContain("▲");
});

test("for programs: --json", async () => {
  const { out } = await call("--series", file("cpu.csv", series()), "--out", join(folder, "o.csv"), "--json");
  const { series: found } = JSON.parse(out) as { series: { rows: number; findings: { from: string; to: string }[] }[] };
  expect(found[0]).toMatchObject({ rows: 900, findings: [{ from: stamp(850), to: stamp(852) }] });
});

test.for<[situation: string, text: string, told: string]>([
  ["an empty file", "", "the file is empty"],
  ["another kind of file", "a,b,c\n1,2,3\n", "does not name the columns timestamp and value"],
])("%s is refused, and leaves nothing behind", async ([, text, told]) => {
  const out = join(folder, "out.csv");
  const { code, err } = await call("--series", file("x.csv", text), "--out", out);
  expect(code).toBe(1);
  expect(err).toContain(told);
  expect(() => readFileSync(out)).toThrow("ENOENT");
});

test("wrong usage", async () => {
  expect(await call()).toMatchObject({ code: 2, err: expect.stringContaining("--series is missing") });
  expect(await call("--series", "x")).toMatchObject({ code: 2, err: expect.stringContaining("--out is missing") });
  expect(await call("--series", join(folder, "no"), "--out", "o")).toMatchObject({
    code: 1,
    err: expect.stringContaining("there is no such file"),
  });
  expect(await call("--help")).toMatchObject({ code: 0 });
  const bad = file("bad.yaml", RULE.replace("above: 100", "above: x"));
  expect(await call("--series", file("a.csv", series(5)), "--rule", bad, "--out", "o")).toMatchObject({
    code: 1,
    err: expect.stringContaining(`${bad}:3:19: error RULE_BAD_NUMBER: "x" is not a number`),
  });
});
