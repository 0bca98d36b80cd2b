import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Rule } from "../../rules/detect/rule.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import { Collectors } from "../send/collectors.ts";
import { TokenSource } from "../send/token.ts";
import type { HttpAnswer, HttpRequest } from "../send/transport.ts";
import { bundledRules } from "./bundled-rules.ts";
import { RuleSource } from "./rule-source.ts";

const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const RULE: Rule = {
  kind: "event",
  name: "a",
  pack: "test",
  match: { source: ["x"], check: null, ci: null, instance: null, summary: null, severity: null, labels: [] },
  action: { type: "drop" },
  runbook: "",
  reason: "",
  source: null,
};
const ok = (body: string, etag: string): HttpAnswer => ({
  kind: "answer",
  status: 200,
  headers: { etag },
  body: Buffer.from(body),
});

function source(folder: string, answer: (request: HttpRequest) => HttpAnswer) {
  const clock = new VirtualClock();
  const requests: HttpRequest[] = [];
  const used: string[] = [];
  const lines: string[] = [];
  const transport = {
    send: (request: HttpRequest) => {
      requests.push(request);
      return Promise.resolve(answer(request));
    },
    close: () => undefined,
  };
  const token = new TokenSource({ token: null, file: null });
  const rules = new RuleSource({
    collectors: new Collectors({ urls: ["http://c"], transport, token, clock, timeoutMs: 1, userAgent: "test" }),
    clock,
    random: () => 0.5,
    log: createLog(
      "warn",
      (line) => lines.push(line),
      () => 0,
    ),
    path: join(folder, "rules.json"),
    everyMs: 60_000,
    bundled: () => Promise.resolve([RULE, RULE, RULE]),
    use: (list, origin) => {
      if (list.some((rule) => rule.name === "unusable")) throw new Error("unusable");
      used.push(`${list.length} from ${origin}`);
    },
  });
  return { rules, requests, used, lines };
}

const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-rules-"));
  folders.push(folder);
  return folder;
};

test("before any collector was heard, the rules that came with the agent; then the collector's; then those from disk", async () => {
  const folder = newFolder();
  const first = source(folder, () => ok(JSON.stringify({ rules: [RULE] }), '"v1"'));
  await first.rules.begin();
  await first.rules.fetch();
  expect(first.used).toEqual(["3 from bundle", "1 from http://c"]);
  const second = source(folder, () => ({ kind: "answer", status: 304, headers: {}, body: Buffer.alloc(0) }));
  await second.rules.begin();
  await second.rules.fetch();
  expect(second.used).toEqual(["1 from disk"]);
  expect(second.requests[0]?.headers["if-none-match"]).toBe('"v1"');
});

test.for<[string, HttpAnswer]>([
  ["an older collector without rules", { kind: "answer", status: 404, headers: {}, body: Buffer.alloc(0) }],
  ["an error page", ok("<html>", '"v2"')],
  ["no list", ok('{"rules": 5}', '"v2"')],
  ["a list of nonsense", ok('{"rules": [null]}', '"v2"')],
  [
    "rules of a newer kind that this agent cannot use",
    ok('{"rules": [{"kind": "metric", "name": "unusable"}]}', '"v2"'),
  ],
])("%s: the rules before stay, it is told once, and the bad ones are not kept", async ([, answer]) => {
  const folder = newFolder();
  const { rules, used, lines } = source(folder, () => answer);
  await rules.begin();
  await rules.fetch();
  await rules.fetch();
  expect(used).toEqual(["3 from bundle"]);
  expect(lines).toHaveLength(1);
  const next = source(folder, () => answer);
  await next.rules.begin();
  expect(next.used).toEqual(["3 from bundle"]);
});

test("a collector that cannot be reached is not told here", async () => {
  const { rules, lines } = source(newFolder(), () => ({ kind: "failed", reason: "ECONNREFUSED" }));
  await rules.begin();
  await rules.fetch();
  expect(lines).toEqual([]);
});

test("the pack that comes with the agent can be used", async () => {
  expect((await bundledRules()).length).toBeGreaterThan(10);
});
