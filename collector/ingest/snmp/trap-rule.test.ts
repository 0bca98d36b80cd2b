import { expect, test } from "vitest";
import type { Event } from "../../core/model/event.ts";
import { DEFAULT_RULES } from "./default-rules.ts";
import { readTrap } from "./trap.ts";
import { TrapRules } from "./trap-rule.ts";

const NOW = Date.parse("2026-03-01T10:00:00Z");
const freshRules = (): TrapRules => new TrapRules({ rules: DEFAULT_RULES, isKnownCi: () => false, unknown: "warning" });

type Values = Readonly<Record<string, string | number | Buffer>>;

const varbinds = (values: Values): object[] => Object.entries(values).map(([oid, value]) => ({ oid, type: 4, value }));

function version2(oid: string, values: Values = {}): unknown {
  return { type: 167, varbinds: varbinds({ "1.3.6.1.2.1.1.3.0": 1, "1.3.6.1.6.3.1.1.4.1.0": oid, ...values }) };
}

function version1(
  enterprise: string,
  generic: number,
  specific: number,
  values: Values = {},
  agentAddr = "10.0.0.1",
): unknown {
  return { type: 164, enterprise, generic, specific, agentAddr, upTime: 1, varbinds: varbinds(values) };
}

function read(pdu: unknown, rules = freshRules()): Event | undefined {
  const trap = readTrap(pdu, "192.0.2.7");
  return trap === undefined ? undefined : rules.read(trap, NOW);
}

const LINK = "1.3.6.1.6.3.1.1.5";
const IF = "1.3.6.1.2.1.2.2.1";

const NAME = (index: number, name: string): Values => ({ [`1.3.6.1.2.1.31.1.1.1.1.${index}`]: Buffer.from(name) });
const INDEX = (index: number): Values => ({ [`${IF}.1.${index}`]: index });

test.for<[situation: string, raise: Values, clear: Values, expected: string[]]>([
  ["raised by name and index, cleared by index", { ...INDEX(3), ...NAME(3, "Gi0/3") }, INDEX(3), ["Gi0/3", "Gi0/3"]],
  ["raised by index, cleared by name and index", INDEX(3), { ...INDEX(3), ...NAME(3, "Gi0/3") }, ["3", "3"]],
  ["another interface", { ...INDEX(3), ...NAME(3, "Gi0/3") }, INDEX(4), ["Gi0/3", "4"]],
  [
    "the index means another one",
    { ...INDEX(3), ...NAME(3, "Gi0/3") },
    { ...INDEX(3), ...NAME(3, "Te1") },
    ["Gi0/3", "Te1"],
  ],
])("a clear finds what was raised: %s", ([, raise, clear, expected]) => {
  const rules = freshRules();
  const events = [read(version2(`${LINK}.3`, raise), rules), read(version2(`${LINK}.4`, clear), rules)];
  expect(events.map((event) => event?.instance)).toEqual(expected);
});

test.for<[situation: string, pdu: unknown, expected: object]>([
  [
    "linkDown, version 2",
    version2(`${LINK}.3`, {
      [`${IF}.1.3`]: 3,
      [`${IF}.7.3`]: 1,
      [`${IF}.8.3`]: 2,
      "1.3.6.1.2.1.31.1.1.1.1.3": Buffer.from("Gi0/3"),
      "1.3.6.1.2.1.31.1.1.1.18.3": Buffer.from("to core-1"),
    }),
    {
      source: "snmptrap",
      ci: "192.0.2.7",
      check: "link-down",
      instance: "Gi0/3",
      status: "firing",
      severity: "major",
      summary: "linkDown Gi0/3 (to core-1)",
      labels: { alias: "to core-1", trap: `${LINK}.3` },
    },
  ],
  [
    "linkUp with nothing but the index",
    version2(`${LINK}.4`, { [`${IF}.1.3`]: 3 }),
    { check: "link-down", instance: "3", status: "resolved" },
  ],
  [
    "an interface that was shut",
    version2(`${LINK}.3`, { [`${IF}.1.3`]: 3, [`${IF}.7.3`]: 2 }),
    { status: "firing", severity: "info", summary: "linkDown 3 by an administrator" },
  ],
  [
    "linkDown, version 1",
    version1("1.3.6.1.4.1.9.1.1", 2, 0, { [`${IF}.1.3`]: 3 }),
    { ci: "10.0.0.1", check: "link-down" },
  ],
  ["version 1 without an address", version1("1.3.6.1.4.1.9.1.1", 2, 0, {}, "0.0.0.0"), { ci: "192.0.2.7" }],
  ["coldStart", version1("1.3.6.1.4.1.8072.3.2.10", 0, 0), { kind: "change", check: "restart" }],
  [
    "a vendor's trap through version 1, whose OID in version 2 has no zero",
    version1("1.3.6.1.2.1.15.7", 6, 2, { "1.3.6.1.2.1.15.3.1.2.10.1.1.2": 1 }),
    { check: "bgp-neighbour-down", instance: "10.1.1.2", status: "firing" },
  ],
  [
    "BGP established",
    version2("1.3.6.1.2.1.15.7.1", {
      "1.3.6.1.2.1.15.3.1.14.10.1.1.2": Buffer.of(0, 0),
      "1.3.6.1.2.1.15.3.1.2.10.1.1.2": 6,
    }),
    { check: "bgp-neighbour-down", instance: "10.1.1.2", status: "resolved" },
  ],
  [
    "OSPF down",
    version2("1.3.6.1.2.1.14.16.2.2", {
      "1.3.6.1.2.1.14.10.1.3.10.2.2.2.0": "10.2.2.2",
      "1.3.6.1.2.1.14.10.1.6.10.2.2.2.0": 1,
    }),
    { check: "ospf-neighbour-down", instance: "10.2.2.2", status: "firing" },
  ],
  [
    "OSPF full",
    version2("1.3.6.1.2.1.14.16.2.2", {
      "1.3.6.1.2.1.14.10.1.3.10.2.2.2.0": "10.2.2.2",
      "1.3.6.1.2.1.14.10.1.6.10.2.2.2.0": 8,
    }),
    { check: "ospf-neighbour-down", instance: "10.2.2.2", status: "resolved" },
  ],
  [
    "Cisco power supply, one trap for both",
    version2("1.3.6.1.4.1.9.9.13.3.0.5", {
      "1.3.6.1.4.1.9.9.13.1.5.1.2.1": Buffer.from("PS 1\0"),
      "1.3.6.1.4.1.9.9.13.1.5.1.3.1": 3,
    }),
    { check: "power-supply", instance: "PS 1", status: "firing", severity: "major" },
  ],
  [
    "Cisco power supply is normal again",
    version2("1.3.6.1.4.1.9.9.13.3.0.5", {
      "1.3.6.1.4.1.9.9.13.1.5.1.2.1": Buffer.from("PS 1"),
      "1.3.6.1.4.1.9.9.13.1.5.1.3.1": 1,
    }),
    { check: "power-supply", instance: "PS 1", status: "resolved" },
  ],
  [
    "a configuration",
    version2("1.3.6.1.4.1.9.9.43.2.0.1"),
    { kind: "change", check: "configuration", severity: "info" },
  ],
  ["APC on battery", version1("1.3.6.1.4.1.318", 6, 5), { check: "ups-on-battery", severity: "critical" }],
  [
    "what no rule knows",
    version2("1.3.6.1.4.1.99999.1.2", {
      "1.3.6.1.4.1.99999.3": Buffer.from("door is open"),
      "1.3.6.1.4.1.99999.4": Buffer.of(0, 27, 255),
    }),
    {
      check: "trap 1.3.6.1.4.1.99999.1.2",
      severity: "warning",
      summary: "SNMP trap 1.3.6.1.4.1.99999.1.2: door is open",
      annotations: { "1.3.6.1.4.1.99999.3": "door is open", "1.3.6.1.4.1.99999.4": "00:1b:ff" },
      expiresAfterMs: 900_000,
    },
  ],
])("%s", ([, pdu, expected]) => {
  expect(read(pdu)).toMatchObject(expected);
});

test.for<[situation: string, pdu: unknown]>([
  ["nothing", undefined],
  ["no varbinds", {}],
  ["an OID that is none", version2("linkDown")],
])("no trap: %s", ([, pdu]) => {
  expect(read(pdu)).toBeUndefined();
});

test("every rule that raises without an end has a clear, a state or an expiry", () => {
  const cleared = new Set(DEFAULT_RULES.filter(({ status }) => status === "resolved").map(({ check }) => check));
  const endless = DEFAULT_RULES.filter(
    (rule) =>
      rule.kind !== "change" &&
      rule.status === "firing" &&
      rule.state === undefined &&
      rule.expiresAfterMs === undefined,
  );
  expect(endless.filter(({ check }) => !cleared.has(check))).toEqual([]);
});

test("a raise and its clear look for the same part of the device, and what has no clear ends by itself", () => {
  const alerts = DEFAULT_RULES.filter(({ kind }) => kind !== "change");
  for (const [check, list] of Map.groupBy(alerts, (rule) => rule.check)) {
    const clears = list.filter(({ status }) => status === "resolved");
    const places = clears.map(({ instance = [] }) => instance.join());
    for (const rule of list.filter(({ status, state }) => status === "firing" && state === undefined)) {
      if (clears.length === 0) expect.soft(rule.expiresAfterMs, `${check} ${rule.name}`).toBeGreaterThan(0);
      else expect.soft(places, `${check} ${rule.name}`).toContain((rule.instance ?? []).join());
    }
  }
});
