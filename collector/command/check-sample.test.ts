import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { run } from "./check.ts";

const folder = mkdtempSync(join(tmpdir(), "tocsin-sample-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

async function check(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ["", ""];
  const code = await run(args, {
    stdout: (text) => void (out += text),
    stderr: (text) => void (err += text),
    env: {},
    isTerminal: false,
    isErrorTerminal: false,
    signal: new AbortController().signal,
  });
  return { code, out, err };
}

const CONFIG = write(
  "tocsin.yaml",
  `ingest:
  webhooks:
    doors:
      mapping:
        each: /items
        ci: /room
        check: door
        summary: "the door of {/room} is {/state}"
        status: { of: /state, resolved: [closed], ignored: [test] }
        annotations: { who: /who }
        links: { plan: "https://plans.example.net/{/room}" }
        expiresAfter: 10m
`,
);

test("a mapping is shown at work, with what it leaves out", async () => {
  const items = [{ room: "dc-1", state: "open" }, { room: "dc-2", state: "test" }, { state: "open" }];
  const sample = write("sample.json", JSON.stringify({ items }));
  const { code, out } = await check(CONFIG, "--sample", sample);
  expect(code).toBe(0);
  expect(out).toContain("summary  the door of dc-1 is open");
  expect(out).toContain('element 2 is ignored: its status is "test"');
  expect(out).toContain("element 3 gives nothing for ci\n");
});

test("all of an event is shown, also its links, its notes and when it ends by itself", async () => {
  const sample = write("whole.json", JSON.stringify({ items: [{ room: "dc-1", state: "open", who: "ann" }] }));
  const { out } = await check(CONFIG, "--sample", sample);
  expect(out).toContain("notes    who=ann");
  expect(out).toContain("links    plan=https://plans.example.net/dc-1");
  expect(out).toContain("over     10m after it was last said");
});

test("a message with nothing in it says so", async () => {
  const { code, out } = await check(CONFIG, "--sample", write("none.json", '{"items":[]}'));
  expect(code).toBe(0);
  expect(out).toContain("\nnothing in it becomes an event of webhook doors\n");
});

test("a built-in webhook, as JSON", async () => {
  const sample = write("nagios.json", JSON.stringify({ HOSTNAME: "web-01", HOSTSTATE: "DOWN" }));
  const { code, out } = await check(CONFIG, "--sample", sample, "--webhook", "nagios", "--json");
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ sample: { events: [{ ci: "web-01", check: "host-alive" }] } });
});

test.for<[situation: string, args: string[], message: string]>([
  ["no such file", ["--sample", join(folder, "nothing.json")], "cannot be read"],
  ["no JSON", ["--sample", CONFIG], "not JSON"],
  ["no such webhook", ["--sample", write("x.json", "{}"), "--webhook", "windows"], "there is no webhook"],
  ["no list", ["--sample", write("y.json", "{}")], "there is no list at /items"],
])("told: %s", async ([, args, message]) => {
  const { code, err } = await check(CONFIG, ...args);
  expect(code).toBe(1);
  expect(err).toContain(message);
});
