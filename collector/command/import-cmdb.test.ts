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

/** Imports two CIs from a file, of which the collector says what it has done; and with which `dryRun` it was asked. */
async function imported(
  status: "planned" | "applied",
  counts: object,
  ...flags: string[]
): Promise<{ code: number; out: string; err: string; asked: (string | null)[] }> {
  const none = { cisAdded: 0, cisChanged: 0, cisRemoved: 0, cisRetired: 0 };
  const relations = { relationsAdded: 0, relationsChanged: 0, relationsRemoved: 0 };
  const lists = { cisAdded: [], cisChanged: [], cisRemoved: [], cisRetired: [] };
  const plan = { source: "csv", ...lists, counts: { ...none, ...relations, ...counts } };
  const relationLists = { relationsAdded: [], relationsChanged: [], relationsRemoved: [] };
  const url = await double.answer(200, { status, plan: { ...plan, ...relationLists }, findings: [] });
  const file = join(folder, "cis.csv");
  writeFileSync(file, "id,type,name\nweb-0,host,web-0\nweb-1,host,web-1\n");
  const run = (args: string[], io: Parameters<typeof importCmdb>[2]) => importCmdb("csv", args, io);
  const { code, out, err } = await callCommand(run, [file, ...flags], { TOCSIN_COLLECTOR: url, TOCSIN_TOKEN: "t" });
  const asked = double.asked
    .splice(0)
    .map(({ url: path }) => new URL(path ?? "", "http://x").searchParams.get("dryRun"));
  return { code, out, err, asked };
}

test("an import asks once, to be done where not much is gone", async () => {
  const { code, out, asked } = await imported("applied", {});
  expect([code, asked]).toEqual([0, ["ifManyGone"]]);
  expect(out).toBe("Nothing has changed (source csv).\n");
});

test("where much is gone, that is told with what to do", async () => {
  const { code, out, err } = await imported("planned", { cisRemoved: 40, cisAdded: 1 });
  expect([code, out]).toEqual([1, ""]);
  expect(err).toContain("csv: 40 of the 41 CIs that it had are gone, and nothing was changed");
  expect(err).toContain("--remove-many");
});

test.for([
  ["--remove-many", "applied", "false"],
  ["--dry-run", "planned", "true"],
] as const)("%s is done as asked, whatever is gone", async ([flag, status, asked]) => {
  const result = await imported(status, { cisRemoved: 40 }, flag);
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

test.for([
  [true, "\r\u001b[Knetbox: 1 answer, 0.0 MB", "\r\u001b[Ktocsin: "],
  [false, undefined, undefined],
] as const)(
  "reading a tool shows how far it has come, on a terminal (%s) only",
  async ([isErrorTerminal, shown, after]) => {
    const url = await double.answer(500, { detail: "boom" });
    const secret = join(folder, "token");
    writeFileSync(secret, "t");
    const run = (args: string[], io: Parameters<typeof importCmdb>[2]) => importCmdb("netbox", args, io);
    const flags = ["--url", url, "--secret-file", secret, "--out", "-"];
    const { code, err } = await callCommand(run, flags, {}, { isErrorTerminal });
    expect(code).toBe(1);
    if (shown === undefined) expect(err).toMatch(/^tocsin: /);
    else {
      expect(err.startsWith(shown)).toBe(true);
      expect(err).toContain(after);
    }
  },
);
