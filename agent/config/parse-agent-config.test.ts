import * as fc from "fast-check";
import { expect, test } from "vitest";
import { type AgentConfig, defaultAgentConfig } from "./agent-config.ts";
import { parseAgentConfig } from "./parse-agent-config.ts";

const good = (text: string): AgentConfig => {
  const result = parseAgentConfig(text, "/etc/tocsin/agent.yaml");
  if (!("config" in result)) throw new Error(JSON.stringify(result.findings));
  return result.config;
};

/** `line:column CODE message → hint`. */
const found = (text: string): string[] =>
  parseAgentConfig(text, "agent.yaml", (pattern) => (pattern.includes("(?=") ? "no look-ahead" : null)).findings.map(
    (each) => `${each.line}:${each.column} ${each.code} ${each.message}${each.hint === "" ? "" : ` → ${each.hint}`}`,
  );

test("an empty file is the defaults", () => {
  expect(good("")).toEqual(defaultAgentConfig());
  expect(good("# nothing yet\n")).toEqual(defaultAgentConfig());
});

test("the example of the design", () => {
  const config = good(`
collector: [https://a.example.net:8430/, http://b.example.net:8430]
tokenFile: agent.token
ci: web-1
dataDir: /var/lib/tocsin-agent
interval: 10s
retry: { max: 15s }
spool: { maxBytes: 128MiB, keepFree: 5% }
watch:
  processes: [nginx, { name: java, command: "*kafka*", min: 2, max: 3, severity: major, for: 1m }]
  units: [nginx, postgresql.service]
  ports: [5432, "db:6379", { host: "::1", port: 443, timeout: 1s }]
  logs: [{ path: log/app.log, pattern: "ERROR|FATAL", severity: minor }]
  http: [https://www.example.net/health]
  certificates: [{ host: www.example.net, warn: 14d }]
  dns: [www.example.net]
  plugins: [{ name: ntp, command: [/usr/lib/nagios/plugins/check_ntp, -H, pool] }]
`);
  expect(config).toMatchObject({
    collectors: ["https://a.example.net:8430", "http://b.example.net:8430"],
    tokenFile: "/etc/tocsin/agent.token",
    ci: "web-1",
    intervalMs: 10_000,
    spool: { maxBytes: 128 * 1024 * 1024, keepFree: { ratio: 0.05 } },
  });
  expect(config.watch.processes).toEqual([
    { name: "nginx", command: null, user: null, min: 1, max: null, severity: "critical", forMs: 5000 },
    { name: "java", command: "*kafka*", user: null, min: 2, max: 3, severity: "major", forMs: 60_000 },
  ]);
  expect(config.watch.units.map((unit) => unit.name)).toEqual(["nginx.service", "postgresql.service"]);
  expect(config.watch.ports.map(({ host, port, timeoutMs }) => [host, port, timeoutMs])).toEqual([
    ["127.0.0.1", 5432, 3000],
    ["db", 6379, 3000],
    ["::1", 443, 1000],
  ]);
  expect(config.watch.logs[0]).toMatchObject({
    path: "/etc/tocsin/log/app.log",
    name: "log/app.log",
    severity: "minor",
  });
  expect(config.watch.certificates[0]).toMatchObject({
    port: 443,
    warnMs: 14 * 86_400_000,
    criticalMs: 3 * 86_400_000,
  });
});

test("one address alone", () => {
  expect(good("collector: http://127.0.0.1:8430").collectors).toEqual(["http://127.0.0.1:8430"]);
});

test.for<[string, string, string[]]>([
  [
    "an unknown key, with the one that was meant",
    "colector: http://x",
    ['1:1 AGENT_UNKNOWN_KEY the file has no key "colector" → did you mean "collector"?'],
  ],
  [
    "a key in the wrong place",
    "watch:\n  process: [a]\n",
    ['2:3 AGENT_UNKNOWN_KEY watch has no key "process" → did you mean "processes"?'],
  ],
  [
    "an address without scheme",
    "collector: tocsin:8430",
    ['1:12 AGENT_BAD_VALUE collector: "tocsin:" is neither http: nor https: → such as https://tocsin.example.net:8430'],
  ],
  [
    "a password in the address is not repeated",
    "collector: https://me:hunter2@x",
    [
      "1:12 AGENT_BAD_VALUE collector: holds a user or password; use tokenFile → such as https://tocsin.example.net:8430",
    ],
  ],
  [
    "a number without unit",
    "interval: 10",
    ["1:11 AGENT_BAD_DURATION interval is 10 → a number with its unit: 500ms, 30s, 5m, 1h"],
  ],
  ["too fast", "interval: 100ms", ["1:11 AGENT_OUT_OF_RANGE interval is 100ms → from 1s to 10m"]],
  ["a list where a map belongs", "- a\n", ["1:1 AGENT_WRONG_TYPE the file is a list, and must be a map of keys"]],
  [
    "broken YAML",
    "watch: [a\n",
    [
      "2:1 AGENT_YAML_SYNTAX Flow sequence in block collection must be sufficiently indented and end with a ] → indent with spaces only",
    ],
  ],
  ["the same key twice", "ci: a\nci: b\n", ["2:1 AGENT_YAML_SYNTAX Map keys must be unique → indent with spaces only"]],
  [
    "a port that is none",
    "watch: { ports: [70000] }",
    ["1:18 AGENT_OUT_OF_RANGE watch.ports[0] is 70000 → from 1 to 65535"],
  ],
  [
    "a severity that is none",
    "watch: { units: [{ name: a, severity: bad }] }",
    ['1:39 AGENT_BAD_VALUE watch.units[0].severity is "bad" → one of critical, major, minor, warning, info'],
  ],
  [
    "a pattern that RE2 does not take",
    "watch: { logs: [{ path: /a, pattern: 'a(?=b)' }] }",
    [
      "1:38 AGENT_BAD_PATTERN watch.logs[0].pattern: no look-ahead → RE2 syntax; it has no look-around and no back-references",
    ],
  ],
  [
    "a log without pattern",
    "watch: { logs: [{ path: /a }] }",
    ["1:17 AGENT_MISSING_KEY watch.logs[0] has no pattern → what to look for"],
  ],
  [
    "the same watch twice",
    "watch: { processes: [a, b, a] }",
    ['1:21 AGENT_DUPLICATE_NAME watch.processes names "a" twice → give one of them another name'],
  ],
  [
    "a plugin by the PATH",
    "watch: { plugins: [{ name: a, command: [check_ntp] }] }",
    [
      '1:20 AGENT_BAD_VALUE watch.plugins[0]: the program "check_ntp" is no absolute path → no shell and no PATH are used',
    ],
  ],
  [
    "min above max",
    "watch: { processes: [{ name: a, min: 3, max: 2 }] }",
    ["1:22 AGENT_CONTRADICTION watch.processes[0]: max 2 is less than min 3"],
  ],
  [
    "two tokens",
    "token: a\ntokenFile: b\n",
    ["1:1 AGENT_CONTRADICTION both token and tokenFile are given → keep one of them"],
  ],
  [
    "a spool too small",
    "spool: { maxBytes: 1kB }",
    ["1:20 AGENT_OUT_OF_RANGE spool.maxBytes is not from 1MiB to 1TiB → 64MiB holds more than a day"],
  ],
  [
    "a size with a unit of time",
    "spool: { maxBytes: 64m }",
    ['1:20 AGENT_BAD_SIZE spool.maxBytes is "64m" → bytes with a unit: 64MiB, 1GiB'],
  ],
  [
    "an unknown collector of metrics",
    "sample: { disable: [cpus] }",
    [
      '1:21 AGENT_BAD_VALUE sample.disable[0] is "cpus" → one of cpu, load, memory, swap, vmstat, pressure, disk, filesystem, network, sockets, kernel, processes, temperature, raid, nfs, timeSync, connections, conntrackStat, containers, cpuHardware, memoryErrors, processUsage, textfiles, units',
    ],
  ],
])("%s", ([, text, expected]) => {
  expect(found(text)).toEqual(expected);
});

test("all mistakes are told at once, in the file's order", () => {
  expect(
    found("interval: x\nwatch:\n  ports: [0]\n  units: [{ nam: a }]\nretry: 5\n").map((line) =>
      line.split(" ").slice(0, 2).join(" "),
    ),
  ).toEqual([
    "1:11 AGENT_BAD_DURATION",
    "3:11 AGENT_OUT_OF_RANGE",
    "4:11 AGENT_MISSING_KEY",
    "4:13 AGENT_UNKNOWN_KEY",
    "5:8 AGENT_WRONG_TYPE",
  ]);
});

test("no text whatever makes it throw, and an error always has a place in the file", () => {
  const words = fc.constantFrom(
    "collector",
    "watch",
    "ports",
    ":",
    "- ",
    "\n",
    "  ",
    "{",
    "}",
    "[",
    "]",
    "&a",
    "*a",
    "'",
    '"',
    "5",
    "true",
    "!!x",
    "|",
    "# ",
    "\t",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(words).map((parts) => parts.join("")),
      ),
      (text) => {
        const { findings } = parseAgentConfig(text, "agent.yaml");
        for (const finding of findings) {
          expect(finding.line).toBeGreaterThanOrEqual(1);
          expect(finding.line).toBeLessThanOrEqual(text.split("\n").length);
        }
      },
    ),
    { numRuns: 500 },
  );
});
