import { inspect } from "node:util";
import { expect, test } from "vitest";
import { duration, secret, url } from "../port/config-schema.ts";
import { defineConnector } from "../port/connector.ts";
import { coreSettings } from "./core-settings.ts";
import { CONFIG_CODES } from "./error-codes.ts";
import { parseConfig, type ParseOptions, type ParseResult } from "./parse.ts";
import { Type } from "../port/type-builder.ts";

const bell = defineConnector({
  kind: "bell",
  description: "A bell for tests.",
  schema: Type.Object({
    url: url({ description: "Where." }),
    secret: Type.Optional(secret({ description: "Key." })),
    timeout: duration({ default: "10s", description: "How long." }),
  }),
  check: (settings) => (settings.timeout > 60_000 ? [{ key: "timeout", message: "too patient", hint: "" }] : []),
  targets: (settings) => [new URL(settings.url).hostname],
  create: () => ({ kind: "bell", deliver: () => Promise.resolve({ status: "success" }) }),
});
const gong = defineConnector({
  kind: "gong",
  description: "A gong for tests.",
  schema: Type.Object({}),
  create: () => ({ kind: "gong", deliver: () => Promise.resolve({ status: "success" }) }),
});

const FILES: Readonly<Record<string, string>> = {
  "/etc/tocsin/agent.token": "0123456789abcdef0123\n",
  "/conf/hook.secret": "whsec_abc",
  "/conf/empty": "\n",
};
const OPTIONS: ParseOptions = {
  readFile: (path) => {
    const text = FILES[path];
    if (text === undefined) throw Object.assign(new Error(path), { code: "ENOENT" });
    return text;
  },
  connectors: [bell, gong],
  refusalOfHost: (host, allowed) => (host === "127.0.0.1" && allowed.length === 0 ? "a loopback address" : null),
};

function parse(text: string, options: Partial<ParseOptions> = {}): ParseResult {
  return parseConfig(text, "/conf/tocsin.yaml", { ...OPTIONS, ...options });
}

function codes(text: string): string[] {
  return parse(text).findings.map(({ code, line, column }) => `${code} ${line}:${column}`);
}

const FULL = `listen: 0.0.0.0:8430
externalUrl: https://tocsin.example.net/
dataDir: ./data
auth:
  tokens:
    - { name: web-agents, role: agent, tokenFile: /etc/tocsin/agent.token }
cmdb: { files: [cmdb.yaml, /srv/more.json] }
rules: [rules/packs/linux-host]
correlation: { settle: { min: 5s, max: 1m }, resolveAfter: 2m, reopenWithin: 1h30m }
inhibitions:
  - source: [ 'severity="critical"' ]
    target: severity=~"warning|info"
    equal: [site]
receivers:
  hook: { bell: { url: "https://example.net/hook", secretFile: hook.secret } }
  desk: { gong: {} }
timeIntervals:
  office: { weekdays: [monday:friday], times: "09:00-17:00", timeZone: Europe/Berlin }
routes:
  - { match: { priority: [P1, P2], times: office }, receivers: [hook, desk] }
  - { receivers: [hook] }
maintenance:
  - { cis: db-1, from: "2026-11-21T20:00:00Z", to: "2026-11-21T22:00:00+01:00", reason: disks }
limits: { allowPrivateTargets: ["127.0.0.1/32"] }
`;

test("the whole file is read, with its neighbours and defaults", () => {
  const result = parse(FULL);
  expect(result.findings).toEqual([]);
  if (result.status !== "valid") throw new Error("invalid");
  const { config } = result;
  expect(config).toMatchObject({
    listen: { host: "0.0.0.0", port: 8430 },
    externalUrl: "https://tocsin.example.net",
    dataDir: "/conf/data",
    redis: null,
    cmdb: { files: ["/conf/cmdb.yaml", "/srv/more.json"], staleAfterMs: 14 * 86_400_000 },
    rules: ["/conf/rules/packs/linux-host"],
    correlation: { settleMinMs: 5000, settleMaxMs: 60_000, resolveAfterMs: 120_000, reopenWithinMs: 5_400_000 },
    alertmanager: { resolveTimeoutMs: 300_000 },
    retention: { journalMs: 7 * 86_400_000 },
  });
  expect(config.tokens[0]?.token.reveal()).toBe("0123456789abcdef0123");
  expect(config.receivers.map(({ name, kind }) => [name, kind])).toEqual([
    ["hook", "bell"],
    ["desk", "gong"],
  ]);
  expect(config.receivers[0]?.settings).toMatchObject({ url: "https://example.net/hook", timeout: 10_000 });
  const settings = coreSettings(config, Date.parse("2026-11-21T00:00:00Z"));
  expect(settings.routes).toEqual([
    { match: { priorities: ["P1", "P2"], times: ["office"] }, receivers: ["hook", "desk"], continue: false },
    { match: {}, receivers: ["hook"], continue: false },
  ]);
  expect(settings.inhibitions).toEqual([
    {
      source: [{ name: "severity", value: "critical", isRegex: false, isEqual: true }],
      target: [{ name: "severity", value: "warning|info", isRegex: true, isEqual: true }],
      equal: ["site"],
    },
  ]);
  expect(settings.timeIntervals[0]?.spans[0]).toEqual({
    from: Date.parse("2026-11-19T08:00:00Z"),
    to: Date.parse("2026-11-19T16:00:00Z"),
  });
  expect(config.maintenance).toMatchObject([{ id: "mw-8f3dc40fcaec", cis: ["db-1"], includeDependents: true }]);
});

test("an empty file is a configuration that listens on loopback", () => {
  for (const text of ["", "# nothing\n", "{}", "receivers:\nroutes:\n"])
    expect(parse(text)).toMatchObject({ status: "valid", config: { listen: { host: "127.0.0.1" }, tokens: [] } });
});

test("a secret never shows, however it is printed", () => {
  const result = parse(FULL);
  for (const text of [JSON.stringify(result), inspect(result, { depth: 20 })]) {
    expect(text).not.toContain("0123456789abcdef");
    expect(text).not.toContain("whsec_");
  }
});

/** One row for each mistake an operator makes, with where it must be shown. */
test.for<[situation: string, text: string, expected: string[]]>([
  ["not YAML", "a: [", ["CONFIG_SYNTAX 1:5"]],
  ["a list", "- a", ["CONFIG_WRONG_TYPE 1:1"]],
  ["a key nobody knows", "receivrs: {}", ["CONFIG_UNKNOWN_KEY 1:1"]],
  ["a key in snake case", "alertmanager: { resolve_timeout: 5m }", ["CONFIG_UNKNOWN_KEY 1:17"]],
  ["two mistakes at once", "data_dir: x\nlisten: 12\n", ["CONFIG_UNKNOWN_KEY 1:1", "CONFIG_WRONG_TYPE 2:9"]],
  ["no port", "listen: localhost", ["CONFIG_BAD_VALUE 1:9"]],
  ["a port too high", "listen: 127.0.0.1:99999", ["CONFIG_BAD_VALUE 1:9"]],
  ["open without tokens", "listen: 0.0.0.0:80", ["CONFIG_OPEN_LISTEN 1:9"]],
  ["every address without tokens", 'listen: ":80"', ["CONFIG_OPEN_LISTEN 1:9"]],
  ["a duration without unit", "correlation: { resolveAfter: 60 }", ["CONFIG_WRONG_TYPE 1:30"]],
  ["a fraction of an hour", "correlation: { resolveAfter: 1.5h }", ["CONFIG_BAD_DURATION 1:30"]],
  ["a duration too long", "correlation: { resolveAfter: 2w }", ["CONFIG_OUT_OF_RANGE 1:30"]],
  ["min above max", "correlation: { settle: { min: 1m, max: 10s } }", ["CONFIG_CONTRADICTION 1:31"]],
  ["a size without unit", 'limits: { bodySize: "100000" }', ["CONFIG_BAD_SIZE 1:21"]],
  ["a size too small", "limits: { bodySize: 1KiB }", ["CONFIG_OUT_OF_RANGE 1:21"]],
  ["a limit that is no number", "limits: { activeAlerts: many }", ["CONFIG_WRONG_TYPE 1:25"]],
  ["a limit too small", "limits: { activeAlerts: 1 }", ["CONFIG_OUT_OF_RANGE 1:25"]],
  ["a network that is none", "limits: { allowPrivateTargets: [10.0.0.0/40] }", ["CONFIG_BAD_VALUE 1:33"]],
  [
    "a token twice given",
    "auth: { tokens: [{ name: a, role: agent, token: xxxxxxxxxxxxxxxxxxxx, tokenFile: y }] }",
    ["CONFIG_BAD_SECRET 1:42"],
  ],
  ["no token", "auth: { tokens: [{ name: a, role: agent }] }", ["CONFIG_MISSING_KEY 1:18"]],
  [
    "a token that is a number",
    "auth: { tokens: [{ name: a, role: agent, token: 12345678901234567890 }] }",
    ["CONFIG_WRONG_TYPE 1:49"],
  ],
  ["a short token", "auth: { tokens: [{ name: a, role: agent, token: short }] }", ["CONFIG_WEAK_TOKEN 1:18"]],
  [
    "a token file that is not there",
    "auth: { tokens: [{ name: a, role: agent, tokenFile: nope }] }",
    ["CONFIG_FILE_UNREADABLE 1:53"],
  ],
  ["an empty token file", "auth: { tokens: [{ name: a, role: agent, tokenFile: empty }] }", ["CONFIG_BAD_SECRET 1:53"]],
  [
    "a role nobody knows",
    "auth: { tokens: [{ name: a, role: agnet, token: xxxxxxxxxxxxxxxxxxxx }] }",
    ["CONFIG_BAD_VALUE 1:35"],
  ],
  [
    "two tokens alike",
    "auth:\n  tokens:\n  - { name: a, role: agent, token: xxxxxxxxxxxxxxxxxxxx }\n  - { name: a, role: agent, token: xxxxxxxxxxxxxxxxxxxx }",
    ["CONFIG_DUPLICATE_NAME 4:5", "CONFIG_DUPLICATE_NAME 4:13"],
  ],
  [
    "a viewer that is bound to a CI",
    "auth: { tokens: [{ name: a, role: viewer, ci: db-01, token: xxxxxxxxxxxxxxxxxxxx }] }",
    ["CONFIG_CONTRADICTION 1:47"],
  ],
  ["a receiver without kind", "receivers: { hook: {} }", ["CONFIG_RECEIVER_KIND 1:14"]],
  [
    "a receiver with two kinds",
    'receivers:\n  hook:\n    bell: { url: "https://x.example" }\n    gong: {}',
    ["CONFIG_RECEIVER_KIND 4:5"],
  ],
  ["a receiver of an unknown kind", "receivers: { hook: { bel: {} } }", ["CONFIG_UNKNOWN_KEY 1:22"]],
  ["a receiver without its URL", "receivers: { hook: { bell: {} } }", ["CONFIG_MISSING_KEY 1:22"]],
  [
    "a URL with a password",
    'receivers: { hook: { bell: { url: "https://a:b@x.example" } } }',
    ["CONFIG_BAD_VALUE 1:35"],
  ],
  ["a URL that is none", "receivers: { hook: { bell: { url: example.net } } }", ["CONFIG_BAD_VALUE 1:35"]],
  [
    "a receiver's own rule",
    'receivers: { hook: { bell: { url: "https://x.example", timeout: 2m } } }\nroutes: [{ receivers: hook }]',
    ["CONFIG_CONTRADICTION 1:65"],
  ],
  [
    "a private target",
    'receivers: { hook: { bell: { url: "http://127.0.0.1/" } } }\nroutes: [{ receivers: hook }]',
    ["CONFIG_PRIVATE_TARGET 1:28"],
  ],
  [
    "a route to nobody",
    "receivers: { desk: { gong: {} } }\nroutes:\n- receivers: [desk]\n  match: { priority: P1 }\n- receivers: [dsek]",
    ["CONFIG_UNKNOWN_RECEIVER 5:15"],
  ],
  ["a route to nobody", "routes: [{ receivers: [] }]", []],
  [
    "an unused receiver",
    "receivers: { a: { gong: {} }, b: { gong: {} } }\nroutes: [{ receivers: a }]",
    ["CONFIG_UNUSED_RECEIVER 1:31"],
  ],
  ["receivers without routes", "receivers: { a: { gong: {} } }", ["CONFIG_NO_ROUTE 1:1"]],
  [
    "a route that is never tried",
    "receivers: { a: { gong: {} } }\nroutes:\n- receivers: a\n- receivers: a",
    ["CONFIG_UNREACHABLE_ROUTE 4:3"],
  ],
  [
    "an unknown time interval",
    "receivers: { a: { gong: {} } }\nroutes: [{ receivers: a, match: { times: nights } }]",
    ["CONFIG_UNKNOWN_TIME_INTERVAL 2:42"],
  ],
  [
    "an unknown priority",
    "receivers: { a: { gong: {} } }\nroutes: [{ receivers: a, match: { priority: [P1, P9] } }]",
    ["CONFIG_BAD_VALUE 2:50"],
  ],
  ["a weekday nobody knows", "timeIntervals: { x: { weekdays: [mo:fr] } }", ["CONFIG_BAD_VALUE 1:34"]],
  ["a time of day that is none", 'timeIntervals: { x: { times: "25:00-26:00" } }', ["CONFIG_BAD_VALUE 1:30"]],
  ["a zone that is none", "timeIntervals: { x: { timeZone: Mars/Base } }", ["CONFIG_BAD_VALUE 1:33"]],
  ["a matcher that is none", "inhibitions: [{ source: severity, target: a=b }]", ["CONFIG_BAD_MATCHER 1:25"]],
  ["a regex that RE2 refuses", "inhibitions: [{ source: 'a=~\"(?=x)\"', target: a=b }]", ["CONFIG_BAD_MATCHER 1:25"]],
  ["two matchers in one text", "inhibitions: [{ source: 'a=b,c=d', target: a=b }]", ["CONFIG_BAD_MATCHER 1:25"]],
  [
    "a matcher as mapping with a typo",
    "inhibitions: [{ source: { name: a, vlaue: b }, target: a=b }]",
    ["CONFIG_MISSING_KEY 1:25", "CONFIG_UNKNOWN_KEY 1:36"],
  ],
  [
    "a window that ends first",
    'maintenance: [{ cis: a, from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z" }]',
    ["CONFIG_CONTRADICTION 1:59"],
  ],
  [
    "a time without zone",
    'maintenance: [{ cis: a, from: "2026-01-02T00:00:00", to: "2026-01-03T00:00:00Z" }]',
    ["CONFIG_BAD_VALUE 1:31"],
  ],
  ["bodies that cannot fit", "limits: { bodySize: 64MiB, decompressedSize: 1MiB }", ["CONFIG_CONTRADICTION 1:21"]],
  ["a store for later", "redis: { url: redis://r:6379 }", ["CONFIG_NOT_SERVED 1:1"]],
  ["a section for later", "schedules: { a: 1 }", ["CONFIG_NOT_IN_USE 1:1"]],
  ["a name with a space", 'receivers: { "a b": { gong: {} } }', ["CONFIG_BAD_VALUE 1:14"]],
  ["a hostile name", "receivers: { __proto__: { gong: {} } }", ["CONFIG_BAD_VALUE 1:14"]],
])("%s", ([, text, expected]) => {
  expect(codes(text)).toEqual(expected);
});

test("rules that span sections are told with the first mistakes, not one round later", () => {
  const text = [
    "listenn: x",
    "correlation: { settle: { min: 50s, max: 10s }, resolveAfter: soon }",
    "cmdb: { files: [mine.yaml] }",
    'receivers: { hook: { bell: { url: "ftp://x" } }, two: { bell: { url: "https://x.example" }, gong: {} }, none: {} }',
    "routes: [{ receivers: [hook, gone] }]",
    'maintenance: [{ cis: a, from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z" }]',
  ].join("\n");
  expect(codes(text)).toEqual([
    "CONFIG_UNKNOWN_KEY 1:1",
    "CONFIG_CONTRADICTION 2:31",
    "CONFIG_BAD_DURATION 2:62",
    "CONFIG_BAD_VALUE 4:35",
    "CONFIG_RECEIVER_KIND 4:93",
    "CONFIG_RECEIVER_KIND 4:105",
    "CONFIG_UNKNOWN_RECEIVER 5:30",
    "CONFIG_CONTRADICTION 6:59",
  ]);
  expect(parse(text)).toMatchObject({ names: { cmdb: ["/conf/mine.yaml"] } });
});

test("a mistake in one entry of a list does not hide those that others make together", () => {
  const text = [
    'receivers: { hook: { bell: { url: "https://x.example" } } }',
    "routes:",
    "- { receivers: hook, match: { priority: P9 } }",
    "- { receivers: hok }",
    "- { recievers: hook }",
    "- { receivers: hook, match: { times: nights } }",
    "maintenance:",
    '- { cis: a, from: yesterday, to: "2026-01-01T00:00:00Z" }',
    '- { cis: a, from: "2026-01-02T00:00:00Z", to: "2026-01-01T00:00:00Z" }',
    "auth:",
    "  tokens:",
    "  - { name: a, role: king, token: 0123456789abcdef }",
    "  - { name: b, role: agent, token: 0123456789abcdeg }",
    "  - { name: b, role: agent, token: 0123456789abcdeh }",
  ].join("\n");
  expect(codes(text)).toEqual([
    "CONFIG_BAD_VALUE 3:41",
    "CONFIG_UNKNOWN_RECEIVER 4:16",
    "CONFIG_MISSING_KEY 5:3",
    "CONFIG_UNKNOWN_KEY 5:5",
    "CONFIG_UNKNOWN_TIME_INTERVAL 6:38",
    "CONFIG_BAD_VALUE 8:19",
    "CONFIG_CONTRADICTION 9:47",
    "CONFIG_BAD_VALUE 12:22",
    "CONFIG_DUPLICATE_NAME 14:13",
  ]);
});

test("what compares two sections is not told of one that cannot be read", () => {
  expect(codes("listen: 0.0.0.0:80\nauth: { tokens: [{ name: a, role: king, token: 0123456789abcdef }] }")).toEqual([
    "CONFIG_BAD_VALUE 2:35",
  ]);
  expect(codes('receivers: { "a b": { gong: {} } }\nroutes: [{ receivers: "a b" }]')).toEqual([
    "CONFIG_BAD_VALUE 1:14",
  ]);
});

test("a typo is answered with the right name", () => {
  const [finding] = parse("alertmanager: { resolve_timeout: 5m }").findings;
  expect(finding?.hint).toBe('did you mean "resolveTimeout"?');
});

test("flags win over the file and are checked with it", () => {
  const open = parse("listen: 127.0.0.1:1", { overrides: { listen: { host: "0.0.0.0", port: 1 } } });
  expect(open.findings.map(({ code }) => code)).toEqual(["CONFIG_OPEN_LISTEN"]);
  const closed = parse("listen: 0.0.0.0:1", {
    overrides: { listen: { host: "127.0.0.1", port: 0 }, dataDir: "/var/lib/x" },
  });
  expect(closed).toMatchObject({ status: "valid", config: { dataDir: "/var/lib/x" } });
  expect(parse("", { overrides: { redisUrl: "redis://r:6379" } }).findings.map(({ code }) => code)).toEqual([
    "CONFIG_NOT_SERVED",
  ]);
});

test("a secret's value stands in no message", () => {
  const text =
    "auth: { tokens: [{ name: a, role: agent, token: [hunter2hunter2] }, { name: a, role: agent, token: hunter3 }] }";
  expect(JSON.stringify(parse(text))).not.toContain("hunter");
});

test("every code that the tests saw stands in the table", () => {
  const source = parse("listen: 0.0.0.0:80").findings;
  for (const { code } of source) expect(Object.keys(CONFIG_CODES)).toContain(code);
});
