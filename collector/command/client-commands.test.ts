import { afterEach, expect, test } from "vitest";
import { AnsweringCollector } from "../../test/support/answering-collector.ts";
import { callCommand as call } from "../../test/support/called-command.ts";
import { run as acknowledge } from "./acknowledge.ts";
import { run as alerts } from "./alerts.ts";
import { run as drill } from "./drill.ts";
import { run as enrol } from "./enrol.ts";
import { run as incidents } from "./incidents.ts";
import { durationMs, parseMatcher, run as silence } from "./silence.ts";

const double = new AnsweringCollector();
const { asked } = double;
const collector = (status: number, body: unknown): Promise<string> => double.answer(status, body);
afterEach(() => double.close());

const INCIDENT = {
  id: "inc-0123456789ab",
  number: 42,
  status: "open",
  severity: "critical",
  priority: "P1",
  title: "sw-r3 down: 23 hosts unreachable",
  openedAt: "2026-03-01T03:12:00.000Z",
  acknowledgedAt: null,
  resolvedAt: null,
  rootCause: {
    ci: "sw-r3",
    confidence: 0.93,
    inferred: true,
    candidates: [{ ci: "sw-r3", score: 0.9, reasons: ["22 of 23 hosts behind sw-r3 went silent within 40 s"] }],
    change: null,
  },
  impact: { services: [{ ci: "shop", criticality: 1, redundancyLeft: 0 }], cis: ["web-01"] },
  alerts: [],
  owner: null,
  timeline: [{ at: "2026-03-01T03:12:00.000Z", kind: "opened", text: "opened\u001b[31m", actor: null }],
  revision: 1,
  mergedInto: null,
  problem: null,
};

test("incidents: the list names root, priority and title, and the token goes along", async () => {
  const url = await collector(200, { items: [INCIDENT], next: null });
  const { code, out } = await call(incidents, ["--collector", url, "--token", "secret"]);
  expect(code).toBe(0);
  expect(out).toMatch(/42\s+P1\s+open\s+\d+ d\s+sw-r3 \(inferred\)\s+0\s+sw-r3 down: 23 hosts unreachable/);
  expect(asked).toEqual([
    { method: "GET", url: "/api/v1/incidents?limit=1000", body: "", authorization: "Bearer secret" },
  ]);
});

const numbersIn = (out: string): string[] => out.split("\n").flatMap((line) => /^\d+/.exec(line) ?? []);

test("incidents: the most urgent first, then what nobody has, and how many are not shown", async () => {
  const items = [
    { ...INCIDENT, number: 5, priority: "P4" },
    { ...INCIDENT, number: 4, status: "acknowledged" },
    { ...INCIDENT, number: 3, priority: "P2" },
    { ...INCIDENT, number: 2 },
    { ...INCIDENT, number: 1, priority: "P4" },
  ];
  const url = await collector(200, { items, next: null });
  const all = await call(incidents, ["--collector", url]);
  expect([numbersIn(all.out), all.out]).toEqual([["2", "4", "3", "5", "1"], expect.not.stringContaining("more")]);
  const some = await call(incidents, ["--limit", "2", "--collector", url]);
  expect([numbersIn(some.out), some.out]).toEqual([
    ["2", "4"],
    expect.stringMatching(/\n… and 3 more: --limit N shows more\n$/),
  ]);
  const newest = await call(incidents, ["--status", "all", "--collector", url]);
  expect(numbersIn(newest.out)).toEqual(["5", "4", "3", "2", "1"]);
  const json = await call(incidents, ["--json", "--collector", url]);
  expect(JSON.parse(json.out)).toEqual({ items, next: null });
});

test.for<[situation: string, run: typeof incidents, args: string[], items: unknown[], says: RegExp]>([
  ["incidents of a status", incidents, ["--status", "all", "--limit", "1"], [INCIDENT], /… and more: --limit N/],
  [
    "more incidents than are read",
    incidents,
    ["--limit", "1"],
    Array.from({ length: 1000 }, () => INCIDENT),
    /… and more than 999 more: --limit N/,
  ],
  [
    "alerts",
    alerts,
    ["--limit", "1"],
    [
      {
        instance: "",
        ci: "a",
        check: "b",
        severity: "major",
        status: "firing",
        count: 1,
        summary: "s",
        firstSeenAt: INCIDENT.openedAt,
      },
    ],
    /… and more: --limit N/,
  ],
])("a list that is cut short says so: %s", async ([, run, args, items, says]) => {
  const url = await collector(200, { items, next: "abc" });
  expect((await call(run, [...args, "--collector", url])).out).toMatch(says);
});

test("what is muted says so in the list, and by whom and until when in the incident", async () => {
  const muted = [
    { by: "silence", id: "s-1", owner: "anna", reason: "disk swap", until: "2026-03-01T05:00:00.000Z" },
    { by: "dependency", id: "sw-1", owner: null, reason: "", until: null },
  ];
  const url = await collector(200, { items: [{ ...INCIDENT, muted }], next: null });
  expect((await call(incidents, ["--collector", url])).out).toMatch(/42\s+P1\s+open, muted\s/);
  const one = await collector(200, { ...INCIDENT, muted });
  expect((await call(incidents, ["42", "--collector", one])).out).toContain(
    "\nMuted: silence s-1 of anna until 2026-03-01T05:00:00.000Z: disk swap\nMuted: dependency sw-1\n",
  );
});

test("one incident shows the reasons, and hostile control characters never reach the terminal", async () => {
  const url = await collector(200, INCIDENT);
  const { code, out } = await call(incidents, ["42", "--collector", url]);
  expect(code).toBe(0);
  expect(out).toContain(
    "Root cause: sw-r3 (inferred), 93 % sure\n  - 22 of 23 hosts behind sw-r3 went silent within 40 s",
  );
  expect(out).toContain("shop (no redundancy left)");
  expect(out).not.toContain("\u001b");
});

test("what the CMDB says of the root cause and of who is hit stands beside their ids", async () => {
  const configurationItems = [
    { id: "sw-r3", name: "SW-R3", type: "switch", owner: "team-net" },
    { id: "shop", name: "Web shop\u001b[2J", type: "businessService", owner: null },
  ];
  const url = await collector(200, { ...INCIDENT, configurationItems });
  const { out } = await call(incidents, ["42", "--collector", url]);
  expect(out).toContain("Root cause: sw-r3 (inferred), 93 % sure; switch, owner team-net\n");
  expect(out).toContain("\nServices hit: Web shop [2J (shop) (no redundancy left)\n");
  expect(out).not.toContain("\u001b");
});

test("a terminal shows how bad it is in colour, and nothing else does", async () => {
  const alert = { ci: "web-01", check: "c", instance: "", status: "firing", count: 1, summary: "P1  critical  x" };
  const items = ["critical", "minor", "major"].map((severity) => ({
    ...alert,
    severity,
    firstSeenAt: INCIDENT.openedAt,
  }));
  const url = await collector(200, { items, next: null });
  const seen = await call(alerts, ["--collector", url], {}, { isTerminal: true });
  const escape = "\u001b";
  expect(seen.out.split("\n").map((each) => each.split(escape).length - 1)).toEqual([2, 2, 2, 2, 0]);
  expect(seen.out).toContain(`web-01  c      ${escape}[31mcritical${escape}[0m  firing`);
  expect(seen.out).toContain(`${escape}[33mmajor${escape}[0m  `);
  expect((await call(alerts, ["--collector", url])).out).not.toContain(escape);
});

test("a long text of a source is cut where a person reads, and whole with --json", async () => {
  const summary = `😀${"word ".repeat(800)}`;
  const alert = { ci: "web-01", check: "c", instance: "", severity: "minor", status: "firing", count: 1 };
  const items = [{ ...alert, firstSeenAt: INCIDENT.openedAt, summary }];
  const url = await collector(200, { items, next: null });
  const { out } = await call(alerts, ["--collector", url]);
  expect(out).toMatch(/ 😀word .*…\n$/);
  expect(out.split("\n")[1]?.length).toBeLessThan(220);
  expect((await call(alerts, ["--json", "--collector", url])).out).toContain(summary);
});

test("one incident says who has not been told yet, once that has failed", async () => {
  const message = { kind: "opened", page: true, at: INCIDENT.openedAt };
  const undelivered = [
    { ...message, receiver: "oncall", attempts: 3, failure: "connection" },
    { ...message, receiver: "chat", attempts: 0, failure: null },
  ];
  const url = await collector(200, { ...INCIDENT, undelivered });
  const { out } = await call(incidents, ["42", "--collector", url]);
  expect(out.split("\n").filter((line) => line.startsWith("Not told"))).toEqual([
    "Not told yet: oncall, a page, opened; 3 attempts failed (connection), it is still being tried",
  ]);
});

test("ack sends the note for each incident", async () => {
  const url = await collector(200, INCIDENT);
  const { code, out } = await call(acknowledge, ["42", "43", "--note", "mine", "--collector", url]);
  expect(code).toBe(0);
  expect(out).toBe("Incident 42 acknowledged.\nIncident 43 acknowledged.\n");
  expect(asked.map(({ method, url: path, body }) => `${method} ${path} ${body}`)).toEqual([
    'POST /api/v1/incidents/42/acknowledge {"note":"mine"}',
    'POST /api/v1/incidents/43/acknowledge {"note":"mine"}',
  ]);
});

test.for<[situation: string, status: number, body: unknown, code: number, says: string]>([
  ["no such incident", 404, { code: "notFound", message: "there is no incident 42" }, 1, "there is no incident 42"],
  ["no token", 401, { code: "unauthorised", message: "a token is needed" }, 3, "TOCSIN_TOKEN"],
  ["not a collector at all", 200, "<html>", 1, "is this a Tocsin collector?"],
])("a refusal is told in one line: %s", async ([, status, body, code, says]) => {
  const url = await collector(status, body);
  const answer = await call(incidents, ["42"], { TOCSIN_COLLECTOR: url });
  expect(answer.code).toBe(code);
  expect(answer.err).toContain(says);
  expect(answer.err.trim().split("\n")).toHaveLength(1);
});

test.for<[situation: string, run: typeof incidents, args: string[], status: number, body: unknown, code: number]>([
  ["a status that there is not", alerts, ["--status", "bogus"], 400, { code: "badStatus", message: "not so" }, 2],
  [
    "a matcher that is no regex",
    silence,
    ["add", "ci=~(", "--comment", "x"],
    400,
    { code: "badMatcher", message: "not so" },
    2,
  ],
  ["no such incident", incidents, ["42"], 404, { code: "incidentNotFound", message: "there is no incident 42" }, 1],
  ["too many at once", incidents, [], 503, { code: "overloaded", message: "later", details: { retryAfterS: 1 } }, 1],
  ["a token of another role", acknowledge, ["42"], 403, { code: "forbidden", message: "not you" }, 3],
])("exit code and JSON of a refusal: %s", async ([, run, args, status, body, code]) => {
  const url = await collector(status, body);
  const plain = await call(run, [...args, "--collector", url]);
  expect([plain.code, plain.out]).toEqual([code, ""]);
  const json = await call(run, [...args, "--json", "--collector", url]);
  expect([json.code, json.out, JSON.parse(json.err)]).toEqual([code, "", body]);
});

test.for<[situation: string, run: typeof incidents, args: string[], answer: string, exit: number]>([
  ["an option that there is not", incidents, ["--statsu", "open"], "wrongUsage", 2],
  ["no number", alerts, ["--limit", "x"], "wrongUsage", 2],
  ["nothing to acknowledge", acknowledge, [], "wrongUsage", 2],
  ["no collector there", alerts, ["--collector", "http://127.0.0.1:1"], "unreachable", 3],
])("what goes wrong before the collector is asked is JSON, too: %s", async ([, run, args, code, exit]) => {
  const answer = await call(run, [...args, "--json"]);
  expect([answer.code, answer.out]).toEqual([exit, ""]);
  expect(JSON.parse(answer.err)).toEqual({ code, message: expect.any(String) });
});

test("alerts of a CI that there is not: no reason to be calm", async () => {
  const url = await collector(200, { items: [], next: null });
  expect(await call(alerts, ["--ci", "web-01", "--collector", url])).toMatchObject({ code: 0, out: "No alerts.\n" });
  expect(asked.map(({ url: path }) => path)).toContain("/api/v1/cmdb/cis/web-01");
});

test("silence expire takes the beginning of an id", async () => {
  const ids = ["9f2c1a44-0000-4000-8000-000000000001", "9f2c77aa-0000-4000-8000-000000000002"];
  const url = await collector(200, { items: ids.map((id) => ({ id })), next: null });
  const one = await call(silence, ["expire", "9f2c1", "--collector", url]);
  expect([one.code, one.out]).toEqual([0, `Silence ${ids[0]} has ended.\n`]);
  const many = await call(silence, ["expire", "9f2c", "--collector", url]);
  expect([many.code, many.out]).toEqual([2, ""]);
  expect(many.err).toContain(`9f2c begins 2 silences: ${ids.join(", ")}`);
  expect(asked.filter(({ method }) => method === "DELETE").map(({ url: path }) => path)).toEqual([
    `/api/v1/silences/${ids[0]}`,
  ]);
});

test("one incident tells what changed, who has it, and asks for no second acknowledgement", async () => {
  const sentence = "sw-r3 was changed 20 s before it began: firmware 7.3";
  const candidates = [{ ci: "sw-r3", score: 0.9, reasons: [sentence, "it explains all"] }];
  const url = await collector(200, {
    ...INCIDENT,
    status: "acknowledged",
    rootCause: { ...INCIDENT.rootCause, candidates, change: "e-7" },
    timeline: [{ at: "2026-03-01T03:13:00.000Z", kind: "acknowledged", text: "", actor: "anna" }],
  });
  const { out } = await call(incidents, ["42", "--collector", url]);
  expect(out).toContain(`\n  - it explains all\n\nWhat changed: ${sentence}\n`);
  expect(out).toContain("\n2026-03-01T03:13:00.000Z  acknowledged  (anna)\n");
  expect(out).toContain("\nNext: tocsin why 42\n");
  expect(out).not.toContain("e-7");
});

test("a drill says where to see who is told, for there may be nobody", async () => {
  const { code, out } = await call(drill, ["--collector", await collector(202, { id: "e-1", status: "accepted" })]);
  expect(code).toBe(0);
  expect(out).toContain("tocsin why tocsin-drill");
});

test("a collector that does not run: exit 3 and what to do", async () => {
  const { code, err } = await call(alerts, ["--collector", "http://127.0.0.1:1"]);
  expect(code).toBe(3);
  expect(err).toMatch(/no answer from http:\/\/127\.0\.0\.1:1: .*Is the collector running\?/);
});

test("https where no TLS is spoken: exit 3, and that http would do", async () => {
  const url = await double.answer(200, { items: [], next: null });
  const { code, err } = await call(alerts, ["--collector", url.replace("http:", "https:")]);
  expect(code).toBe(3);
  expect(err).toMatch(/It speaks no TLS there: try http:/);
});

test("another server that answers JSON is told apart from a collector", async () => {
  const url = await double.answer(200, {}, { "content-type": "application/json" });
  for (const [run, args] of [
    [incidents, []],
    [incidents, ["42"]],
    [alerts, ["--json"]],
  ] as const) {
    const { code, out, err } = await call(run, [...args, "--collector", url]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toContain(`what answers at ${url} is not a Tocsin collector. Name one with --collector URL`);
  }
});

test.for([
  [alerts, ["web-01"], "web-01"],
  [drill, ["now"], "now"],
  [incidents, ["42", "43"], "43"],
] as const)("what a command does not take is wrong usage, and nobody is asked", async ([run, args, surplus]) => {
  const url = await collector(200, {});
  const { code, err } = await call(run, [...args, "--collector", url]);
  expect(code).toBe(2);
  expect(err).toContain(`nothing is known to do with "${surplus}"`);
  expect(asked).toEqual([]);
});

test.for(["nonsense", "localhost:8430", ""])("a collector named %j is wrong usage", async (name) => {
  const { code, err } = await call(alerts, ["--collector", name]);
  expect(code).toBe(2);
  expect(err).toContain("http://127.0.0.1:8430");
});

test("silence add says everything that is wrong at once", async () => {
  const { code, err } = await call(silence, ["add", "ci", "--for", "soon"]);
  expect(code).toBe(2);
  expect(err.trim().split("\n")).toHaveLength(3);
});

test("silence add sends matchers and a period", async () => {
  const url = await collector(201, { id: "s-1" });
  const { code, out } = await call(silence, [
    "add",
    "ci=web-01",
    'check=~"disk_.*"',
    "--for",
    "1h",
    "--comment",
    "disk swap",
    "--collector",
    url,
  ]);
  expect(code).toBe(0);
  expect(out).toContain("s-1");
  const sent = JSON.parse(asked[0]?.body ?? "{}") as { matchers: unknown; startsAt: string; endsAt: string };
  expect(sent.matchers).toEqual([
    { name: "ci", value: "web-01", isRegex: false, isEqual: true },
    { name: "check", value: "disk_.*", isRegex: true, isEqual: true },
  ]);
  expect(Date.parse(sent.endsAt) - Date.parse(sent.startsAt)).toBe(3_600_000);
});

test.for<[text: string, ms: number | null]>([
  ["30m", 1_800_000],
  ["1h30m", 5_400_000],
  ["2d", 172_800_000],
  ["90", null],
  ["", null],
  ["-1h", null],
])("duration %s", ([text, ms]) => {
  expect(durationMs(text)).toBe(ms);
});

test.for<[text: string, matcher: unknown]>([
  ["a=b", { name: "a", value: "b", isRegex: false, isEqual: true }],
  ['a!~"x.*"', { name: "a", value: "x.*", isRegex: true, isEqual: false }],
  ["a!=", { name: "a", value: "", isRegex: false, isEqual: false }],
  ["nothing", null],
])("matcher %s", ([text, matcher]) => {
  expect(parseMatcher(text)).toEqual(matcher);
});

test("enrol prints the token alone on its first line, and what to do with it", async () => {
  const url = await collector(201, {
    id: "x",
    token: "tocsin-enrol.x.y.z",
    ci: "db-01",
    expiresAt: "2026-01-01T00:00:00.000Z",
  });
  const { code, out } = await call(enrol, ["--ci", "db-01", "--for", "10m", "--collector", url]);
  expect(code).toBe(0);
  expect(out.split("\n")[0]).toBe("tocsin-enrol.x.y.z");
  expect(out).toContain(`collector: ${url}`);
  expect(asked).toMatchObject([{ method: "POST", url: "/api/v1/enrolments", body: '{"ci":"db-01","validForS":600}' }]);
});

test.for<[string, string[], RegExp]>([
  ["a time that is none", ["--for", "soon"], /--for takes a duration/],
  ["revoke without a name", ["revoke"], /revoke which enrolment/],
  ["another word", ["give"], /not "give"/],
])("enrol with %s is refused before anyone is asked", async ([, args, says]) => {
  const { code, err } = await call(enrol, args);
  expect(code).toBe(2);
  expect(err).toMatch(says);
});

test("enrol revoke by name that may hold anything", async () => {
  const url = await collector(200, { items: [{ id: "abc", ci: "web 1/x" }] });
  const { out } = await call(enrol, ["revoke", "web 1/x", "--collector", url]);
  expect(out).toBe("Enrolment abc of web 1/x is revoked.\n");
  expect(asked[0]?.url).toBe("/api/v1/enrolments/web%201%2Fx");
});
