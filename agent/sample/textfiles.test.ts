import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { RecordedHostFiles } from "../../test/support/recorded-host-files.ts";
import { SeriesTable } from "./series-table.ts";
import { parseTextfile } from "./textfile-format.ts";
import { createTextfilesCollector } from "./textfiles.ts";

test("names, labels and values of the text format", () => {
  const text = [
    "# HELP a_total Some help.",
    "# TYPE a_total counter",
    "a_total 7",
    'b{x="1", y="a\\"b\\\\c\\nd",} -1.5e-3',
    "",
    "c:d   +Inf",
    "# any words",
    "e\t.5",
    "# TYPE h histogram",
    'h_bucket{le="1"} 2',
    "h_sum 3",
    "h_count 4",
  ].join("\n");
  expect(parseTextfile(text)).toEqual([
    { name: "a_total", type: "counter", labels: {}, value: 7 },
    { name: "b", type: "gauge", labels: { x: "1", y: 'a"b\\c\nd' }, value: -0.0015 },
    { name: "e", type: "gauge", labels: {}, value: 0.5 },
  ]);
});

test.for<[string, string]>([
  ["no sample", "hello"],
  ["no name", "{} 1"],
  ["a time", "a 1 1395066363000"],
  ["half a label", 'a{b="c} 1'],
  ["labels without commas", 'a{b="c"d="e"} 1'],
  ["a label of ours", 'a{ci="x"} 1'],
  ["no number", "a 1x"],
  ["hexadecimal", "a 0x10"],
  ["what the agent tells itself", "node_load1 1"],
  ["what the agent tells of itself", "tocsin_agent_build 1"],
  ["too many labels", `a{${Array.from({ length: 40 }, (_, index) => `l${index}="1"`).join(",")}} 1`],
])("one line that is %s makes the file unusable", ([, line]) => {
  expect(parseTextfile(`good 1\n${line}\n`)).toEqual({ fault: expect.stringMatching(/^line 2: /) });
});

function rig() {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-textfiles-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const table = new SeriesTable();
  const lines: string[] = [];
  const say = (message: string, fields: Record<string, unknown> = {}): void =>
    void lines.push(`${message}: ${String(fields["reason"])}`);
  const log = { debug: say, info: say, warn: say, error: say };
  const collector = createTextfilesCollector({ files: new RecordedHostFiles({}), table }, { patterns: [folder], log });
  let at = 1000;
  const write = (name: string, text: string): void => {
    writeFileSync(join(folder, name), text);
    // Two writes may fall into one tick of the file system's clock.
    utimesSync(join(folder, name), at, at);
  };
  const round = async (): Promise<Record<string, number>> => {
    at += 20_000;
    table.removeEnded();
    collector.sample(at);
    await import("./textfile-format.ts");
    const points = table.metrics().flatMap((metric) => metric.points);
    return Object.fromEntries(
      points
        .filter((one) => one.at === at && one.name !== "system.linux.textfile.mtime")
        .map(({ name, value }) => [name, value]),
    );
  };
  return { folder, write, round, lines };
}

test("a file is read when it was written, held meanwhile, and its series end with it", async () => {
  const { folder, write, round } = rig();
  write("a.prom", "a 1\nb 2\n");
  write("b.txt", "other 1\n");
  await round();
  const error = "system.linux.textfile.error";
  expect(await round()).toEqual({ [error]: 0, a: 1, b: 2 });
  expect(await round()).toEqual({ [error]: 0, a: 1, b: 2 });
  write("a.prom", "a 5\n");
  expect(await round()).toEqual({ [error]: 0, a: 5, b: Number.NaN });
  rmSync(join(folder, "a.prom"));
  expect(await round()).toEqual({ [error]: 0, a: Number.NaN });
  expect(await round()).toEqual({ [error]: 0 });
});

test("a file that is wrong: the others stay, it is said once, and the series of errors says it", async () => {
  const { write, round, lines } = rig();
  write("a.prom", "a 1\n");
  write("b.prom", "b one\n");
  for (let count = 0; count < 3; count++) await round();
  expect(await round()).toEqual({ "system.linux.textfile.error": 1, a: 1 });
  expect(lines).toEqual(["a file of metrics cannot be used: line 1: one is no number"]);
  write("b.prom", "b 1\n");
  expect(await round()).toEqual({ "system.linux.textfile.error": 0, a: 1, b: 1 });
});

test("more series than are taken, and a file that is too long", async () => {
  const { write, round, lines } = rig();
  write("a.prom", Array.from({ length: 1500 }, (_, index) => `many{i="${index}"} 1\n`).join(""));
  write("b.prom", "x".repeat(300_000));
  await round();
  expect(await round()).toMatchObject({ "system.linux.textfile.error": 1, many: 1 });
  expect(lines).toEqual([
    "a file of metrics is cut: more than 1000 series in all",
    "a file of metrics cannot be used: it is longer than 256 KiB",
  ]);
});
