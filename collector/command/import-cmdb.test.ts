import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { AnsweringCollector } from "../../test/support/answering-collector.ts";
import { callCommand } from "../../test/support/called-command.ts";
import { importCmdb } from "./import-cmdb.ts";

let folder = "";
const double = new AnsweringCollector();

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tocsin-import-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  double.close();
});

/** Imports so many CIs from a file, where the collector plans these; and whether it was asked for the plan or for the deed. */
async function imported(
  found: number,
  counts: object,
  ...flags: string[]
): Promise<{ code: number; err: string; asked: string[] }> {
  const none = { cisAdded: 0, cisChanged: 0, cisRemoved: 0, cisRetired: 0 };
  const relations = { relationsAdded: 0, relationsChanged: 0, relationsRemoved: 0 };
  const lists = { cisAdded: [], cisChanged: [], cisRemoved: [], cisRetired: [] };
  const plan = { source: "csv", ...lists, counts: { ...none, ...relations, ...counts } };
  const relationLists = { relationsAdded: [], relationsChanged: [], relationsRemoved: [] };
  const url = await double.answer(200, { status: "planned", plan: { ...plan, ...relationLists }, findings: [] });
  const file = join(folder, "cis.csv");
  writeFileSync(
    file,
    ["id,type,name", ...Array.from({ length: found }, (_, at) => `web-${at},host,web-${at}`)].join("\n"),
  );
  const run = (args: string[], io: Parameters<typeof importCmdb>[2]) => importCmdb("csv", args, io);
  const { code, err } = await callCommand(run, [file, ...flags], { TOCSIN_COLLECTOR: url, TOCSIN_TOKEN: "t" });
  const asked = double.asked
    .splice(0)
    .map(({ url: path }) => (new URL(path ?? "", "http://x").searchParams.get("dryRun") === "true" ? "plan" : "deed"));
  return { code, err, asked };
}

test.for<[situation: string, found: number, counts: object, asked: string[]]>([
  ["the first import", 40, { cisAdded: 40 }, ["plan", "deed"]],
  ["nothing is gone", 40, {}, ["plan", "deed"]],
  ["half of it is gone", 20, { cisRemoved: 20 }, ["plan", "deed"]],
  ["more than half is gone", 20, { cisRemoved: 21 }, ["plan"]],
  ["it was emptied", 0, { cisRemoved: 40 }, ["plan"]],
  ["all of it has other names", 40, { cisAdded: 40, cisRemoved: 40 }, ["plan"]],
  ["what is gone is kept for open incidents", 5, { cisRemoved: 4, cisRetired: 6 }, ["plan"]],
  ["all of a few", 0, { cisRemoved: 9 }, ["plan", "deed"]],
])("%s", async ([, found, counts, asked]) => {
  const result = await imported(found, counts);
  expect(result.asked).toEqual(asked);
  expect(result.code).toBe(asked.includes("deed") ? 0 : 1);
  expect(result.err.includes("--remove-many")).toBe(!asked.includes("deed"));
});

test("what is gone is told with what to do", async () => {
  const { err } = await imported(2, { cisRemoved: 40, cisAdded: 1 });
  expect(err).toContain("csv: 40 of the 41 CIs that it had are gone, and nothing was changed");
  expect(err).toContain("--remove-many");
});

test.for([
  ["--remove-many", "deed"],
  ["--dry-run", "plan"],
] as const)("%s asks once, whatever is gone", async ([flag, asked]) => {
  const result = await imported(0, { cisRemoved: 40 }, flag);
  expect(result).toMatchObject({ code: 0, asked: [asked] });
});

const TERRAFORM = JSON.stringify({ format_version: "1.0", values: { root_module: { resources: [] } } });

test.for<[situation: string, source: "csv" | "terraform" | "kubernetes", bytes: Buffer, said: string]>([
  [
    "UTF-16, as Excel and PowerShell write it",
    "csv",
    Buffer.from("\ufeffid,name\n", "utf16le"),
    "1: the file is UTF-16, not UTF-8",
  ],
  ["UTF-16 JSON", "terraform", Buffer.from(`\ufeff${TERRAFORM}`, "utf16le"), "1: the file is UTF-16, not UTF-8"],
  ["Latin-1", "csv", Buffer.from("id,name\na,x\nb,H\xf6lle\n", "latin1"), "3: here the file is not UTF-8"],
  ["Latin-1 JSON", "kubernetes", Buffer.from('{"kind":"\xf6"}', "latin1"), "1: here the file is not UTF-8"],
])("a file that is no UTF-8 is refused, and the source keeps what it has: %s", async ([, source, bytes, said]) => {
  const file = join(folder, "input");
  writeFileSync(file, bytes);
  const run = (args: string[], io: Parameters<typeof importCmdb>[2]) => importCmdb(source, args, io);
  const url = await double.answer(200, {});
  const { code, err } = await callCommand(run, [file], { TOCSIN_COLLECTOR: url, TOCSIN_TOKEN: "t" });
  expect(err).toContain(`${file}:${said}; save it as UTF-8`);
  expect(code).toBe(1);
  expect(double.asked).toEqual([]);
});

test("a byte order mark is no fault", async () => {
  const file = join(folder, "input");
  writeFileSync(file, `\ufeff${TERRAFORM}`);
  const { code, err } = await callCommand(
    (args: string[], io: Parameters<typeof importCmdb>[2]) => importCmdb("terraform", args, io),
    [file, "--out", join(folder, "out.json")],
  );
  expect({ code, err }).toEqual({ code: 0, err: "terraform: 0 CIs, 0 relations\n" });
});
