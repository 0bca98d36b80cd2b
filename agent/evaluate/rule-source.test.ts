import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { SIGNATURE_HEADER, signedBytes } from "../../protocol/agent-document.ts";
import type { Rule } from "../../rules/detect/rule.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import { createLog } from "../log.ts";
import { Collectors } from "../send/collectors.ts";
import { DocumentVerifier } from "../send/document-verifier.ts";
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

function source(folder: string, answer: (request: HttpRequest) => HttpAnswer, signingKey: string | null = null) {
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
    verifier: new DocumentVerifier(() => signingKey),
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

const KEYS = generateKeyPairSync("ed25519");
const PEM = KEYS.publicKey.export({ type: "spki", format: "pem" }) as string;

/** As a collector that signs answers; `by` another key where that is the point. */
function signed(document: { version: number; rules: Rule[] }, by = KEYS.privateKey): HttpAnswer {
  const body = Buffer.from(JSON.stringify(document));
  const signature = sign(null, signedBytes("rules", body), by).toString("base64");
  return {
    kind: "answer",
    status: 200,
    headers: { etag: `"${document.version}"`, [SIGNATURE_HEADER]: signature },
    body,
  };
}

test("with a pinned key: signed rules are used, and kept; nothing else is, nor an older version", async () => {
  const folder = newFolder();
  let answer = signed({ version: 7, rules: [RULE] });
  const first = source(folder, () => answer, PEM);
  await first.rules.begin();
  await first.rules.fetch();
  expect(first.used).toEqual(["3 from bundle", "1 from http://c"]);
  for (const bad of [
    ok(JSON.stringify({ version: 8, rules: [RULE, RULE] }), '"8"'),
    signed({ version: 8, rules: [RULE, RULE] }, generateKeyPairSync("ed25519").privateKey),
    signed({ version: 6, rules: [RULE, RULE] }),
  ]) {
    answer = bad;
    await first.rules.fetch();
  }
  expect(first.used).toHaveLength(2);
  expect(first.lines.map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual([
    expect.stringContaining("it is not signed"),
    expect.stringContaining("not by the key that is pinned"),
    expect.stringContaining("they are older (6) than those that are known (7)"),
  ]);
  const second = source(folder, () => answer, PEM);
  await second.rules.begin();
  expect(second.used).toEqual(["1 from disk"]);
});

test("rules that were kept before a key was pinned are not used once it is", async () => {
  const folder = newFolder();
  const first = source(folder, () => ok(JSON.stringify({ rules: [RULE] }), '"1"'));
  await first.rules.begin();
  await first.rules.fetch();
  const second = source(folder, () => signed({ version: 1, rules: [RULE, RULE] }), PEM);
  await second.rules.begin();
  await second.rules.fetch();
  expect(second.used).toEqual(["3 from bundle", "2 from http://c"]);
});
