import { inspect } from "node:util";
import { assert, property } from "fast-check";
import { Check } from "typebox/schema";
import { expect, test } from "vitest";
import { CMDB_CODES } from "../../collector/cmdb/error-codes.ts";
import { readCmdb } from "../../collector/cmdb/read.ts";
import { CONNECTOR_KINDS, createConnectors, refusalOfHost } from "../../collector/composition/connectors.ts";
import { coreSettings } from "../../collector/config/core-settings.ts";
import { CONFIG_CODES } from "../../collector/config/error-codes.ts";
import { jsonSchema } from "../../collector/config/json-schema.ts";
import { parseConfig, type ParseResult } from "../../collector/config/parse.ts";
import { configSchema } from "../../collector/config/schema.ts";
import type { Finding } from "../../protocol/finding.ts";
import { mutatedJson } from "../support/mutation.ts";
import { RecordingLog } from "../support/recording-ports.ts";
import { slippedText } from "../support/text-slip.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const SECRET = "do-not-show-this-secret-anywhere";

/** Every section and every kind of receiver. */
const GOOD = {
  listen: "127.0.0.1:8430",
  externalUrl: "https://tocsin.example.net",
  dataDir: "./data",
  auth: { tokens: [{ name: "a", role: "agent", token: SECRET }] },
  cmdb: { files: ["cmdb.yaml"], staleAfter: "7d" },
  rules: ["packs/linux-host"],
  correlation: { settle: { min: "10s", max: "30s" }, resolveAfter: "1m", reopenWithin: "1h" },
  inhibitions: [
    {
      source: ['severity="critical"'],
      target: [{ name: "severity", value: "warning", isRegex: false, isEqual: true }],
      equal: ["site"],
    },
  ],
  alertmanager: { resolveTimeout: "5m" },
  ingest: {
    ciLabels: ["ci", "host"],
    webhooks: {
      github: { secret: SECRET },
      mytool: {
        mapping: {
          each: "/alerts",
          ci: ["/host", "/ip"],
          check: "/rule",
          summary: "{/rule}: {/text}",
          status: { of: "/state", resolved: ["ok"], ignored: ["test"] },
          severity: { of: "/level", words: { "5": "critical" }, otherwise: "minor" },
          labels: { team: "/team" },
          expiresAfter: "10m",
        },
      },
    },
    syslog: {
      udp: ":514",
      rules: [{ check: "c", pattern: "disk (?P<instance>\\S+) failed", contains: "failed", severity: "major" }],
    },
    snmp: {
      listen: "127.0.0.1:1162",
      communities: [{ community: SECRET }],
      users: [{ name: "u", authentication: { protocol: "sha256", key: SECRET } }],
      rules: [{ oid: "1.3.6.1.4.1.99999.1", name: "doorOpen", check: "door" }],
    },
  },
  receivers: {
    hook: { webhook: { url: "https://example.net/hook", secretFile: "hook.secret", timeout: "5s" } },
    mail: {
      email: {
        smtp: { host: "mail.example.net", username: "u", password: SECRET },
        from: "a@example.net",
        to: ["b@example.net"],
      },
    },
    chat: { slack: { token: SECRET, channel: "#ops" } },
    desk: { serviceNow: { url: "https://example.service-now.com", username: "tocsin", passwordFile: "snow.pw" } },
    jira: {
      jiraServiceManagement: {
        url: "https://x.atlassian.net",
        username: "a@b.c",
        apiToken: SECRET,
        project: "OPS",
        issueType: "Incident",
      },
    },
    helix: { bmcHelix: { url: "https://x.onbmc.com", username: "u", password: SECRET } },
    fresh: { freshservice: { url: "https://x.freshservice.com", apiKey: SECRET, email: "a@b.c" } },
  },
  timeIntervals: {
    office: [
      {
        weekdays: ["monday:friday"],
        times: ["09:00-17:00"],
        months: [1, "june:august"],
        daysOfMonth: ["-1"],
        years: ["2026:2027"],
        timeZone: "Europe/Berlin",
      },
    ],
  },
  routes: [
    {
      match: {
        priority: ["P1"],
        severity: "critical",
        service: ["shop"],
        owner: ["team"],
        matchers: ["site=~a.*"],
        times: ["office"],
      },
      receivers: ["hook", "mail"],
      continue: true,
    },
    { receivers: ["chat", "desk", "jira", "helix", "fresh"] },
  ],
  maintenance: [
    {
      id: "mw",
      cis: ["db"],
      from: "2026-11-21T20:00:00Z",
      to: "2026-11-21T22:00:00Z",
      includeDependents: true,
      reason: "disks",
      owner: "team",
    },
  ],
  retention: { journal: "7d", ledger: "90d", incidents: "400d", deliveries: "30d" },
  limits: { allowPrivateTargets: ["10.0.0.0/8"], activeAlerts: 1000, bodySize: "1MiB" },
};

function parse(text: string): ParseResult {
  return parseConfig(text, "/conf/tocsin.yaml", { readFile: () => SECRET, connectors: CONNECTOR_KINDS, refusalOfHost });
}

function expectPlaced(findings: readonly Finding[], text: string, codes: readonly string[]): void {
  const lines = text.split("\n");
  for (const { code, line, column, message } of findings) {
    expect(codes).toContain(code);
    expect(line).toBeGreaterThan(0);
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeGreaterThan(0);
    expect(message).not.toBe("");
    expect(message).not.toMatch(/[\p{Cc}]/u);
  }
}

function expectSound(text: string): void {
  const result = parse(text);
  expectPlaced(result.findings, text, Object.keys(CONFIG_CODES));
  if (result.status === "invalid") expect(result.findings.some(({ severity }) => severity === "error")).toBe(true);
  else expect(coreSettings(result.config, Date.UTC(2026, 10, 21)).routes).toBeDefined();
}

test("the good file is good, and its secrets do not show", () => {
  const result = parse(JSON.stringify(GOOD));
  expect(result).toMatchObject({ status: "valid", findings: [] });
  for (const shown of [JSON.stringify(result), inspect(result, { depth: 30, showHidden: true })])
    expect(shown).not.toContain(SECRET);
});

test("every receiver of the good file can be made, and connects to nothing by that", async () => {
  const result = parse(JSON.stringify(GOOD));
  if (result.status !== "valid") throw new Error("invalid");
  const { byReceiver, close } = createConnectors(result.config, { clock: new VirtualClock(), log: new RecordingLog() });
  expect([...byReceiver.values()].map(({ kind }) => kind).sort()).toEqual(
    CONNECTOR_KINDS.map(({ kind }) => kind).sort(),
  );
  await close();
});

/** The smallest useful file of the design, as it stands there. */
const DESIGNED = `listen: 127.0.0.1:8430
dataDir: ./data
auth:                      # without it, only loopback is listened on and needs no token; any other address is refused
  tokens:
    - { name: web-agents, role: agent, tokenFile: /etc/tocsin/agent.token }     # roles: agent, viewer, operator, admin
cmdb: { files: [cmdb.yaml] }
rules: [rules/packs/linux-host]
correlation: { settle: { min: 10s, max: 30s }, resolveAfter: 1m, reopenWithin: 1h }
inhibitions: []            # as in Alertmanager: { source: [matchers], target: [matchers], equal: [labels] }
receivers:
  hook: { webhook: { url: "https://example.net/hook", secretFile: hook.secret } }
  desk: { serviceNow: { url: "https://example.service-now.com", username: tocsin, passwordFile: snow.pw } }
routes:
  - { match: { priority: [P1, P2] }, receivers: [hook, desk] }
  - { receivers: [hook] }
`;

test("the file of the design is valid as it stands", () => {
  expect(parse(DESIGNED)).toMatchObject({ status: "valid", findings: [] });
});

test("the JSON Schema for editors takes what the reader takes, and refuses what it can see to be wrong", () => {
  const schema = jsonSchema(configSchema(CONNECTOR_KINDS));
  expect(Check(schema, GOOD)).toBe(true);
  expect(Check(schema, {})).toBe(true);
  const token = { name: "a", role: "agent" };
  for (const bad of [
    { receivrs: {} },
    { listen: 8430 },
    { correlation: { resolveAfter: "1.5h" } },
    { auth: { tokens: [token] } },
    { auth: { tokens: [{ ...token, token: SECRET, tokenFile: "x" }] } },
    { receivers: { hook: { webhok: {} } } },
    { routes: [{ receivers: ["a"], match: { priority: "P9" } }] },
  ]) {
    expect(Check(schema, bad)).toBe(false);
    expect(parse(JSON.stringify(bad)).status).toBe("invalid");
  }
});

test("near-good configurations are read or told, with places, and never thrown", () => {
  assert(
    property(mutatedJson(GOOD), (bytes) => expectSound(bytes.toString("utf8"))),
    { numRuns: 600 },
  );
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});

const YAML = `listen: 127.0.0.1:8430
auth:
  tokens:
    - { name: a, role: agent, token: ${SECRET} }
receivers:
  hook: { webhook: { url: "https://example.net/hook" } }
routes:
  - match: { priority: [P1] }
    receivers: hook
  - receivers: [hook]
`;
test("slips of the finger in YAML are read or told, with places, and never show a secret", () => {
  assert(
    property(slippedText(YAML), (text) => {
      expectSound(text);
      expect(JSON.stringify(parse(text))).not.toContain(SECRET);
    }),
    { numRuns: 600 },
  );
});

const CMDB = {
  vantage: ["core"],
  cis: [
    {
      id: "web",
      type: "host",
      name: "Web",
      aliases: ["w"],
      labels: { site: "a" },
      owner: "t",
      criticality: 1,
      minHealthy: 2,
    },
    { id: "core", type: "switch" },
  ],
  relations: [{ from: "web", type: "connectsTo", to: "core", confidence: 0.5, lastSeenAt: "2026-11-21T20:00:00Z" }],
  maintenance: [
    { id: "mw", cis: ["web"], from: "2026-11-21T20:00:00Z", to: "2026-11-21T22:00:00Z", includeDependents: true },
  ],
};

test("near-good CMDBs are read or told, with places, and never thrown", () => {
  assert(
    property(mutatedJson(CMDB), (bytes) => {
      for (const source of [bytes, bytes.toString("utf8")]) {
        const result = readCmdb(source, "cmdb.json", { sizeMaxBytes: 1_000_000, source: "cmdb", observedAt: null });
        expectPlaced(result.findings, bytes.toString("utf8"), Object.keys(CMDB_CODES));
      }
    }),
    { numRuns: 600 },
  );
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
});
