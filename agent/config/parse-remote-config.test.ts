import { expect, test } from "vitest";
import { defaultAgentConfig } from "./agent-config.ts";
import { parseAgentConfig } from "./parse-agent-config.ts";
import { checkRemoteConfig, parseRemoteConfig } from "./parse-remote-config.ts";

const own = (text: string) => {
  const result = parseAgentConfig(text, "/etc/tocsin/agent.yaml");
  if (!("config" in result)) throw new Error(JSON.stringify(result.findings));
  return result.config;
};
const layered = (base: string, text: string) => {
  const result = parseRemoteConfig(text, own(base), { file: "remote" });
  if (!("config" in result)) throw new Error(JSON.stringify(result.findings));
  return result.config;
};

test("single values take the place of the host's; what is not said stays", () => {
  const config = layered(
    "collector: https://a:1\ntokenFile: t\nci: web-1\ninterval: 20s\nretry: { max: 7s }\nrecorder: false\n",
    "interval: 30s\nspool: { maxBytes: 2MiB }\nrules: { every: 5m }\n",
  );
  expect(config).toMatchObject({
    collectors: ["https://a:1"],
    tokenFile: "/etc/tocsin/t",
    ci: "web-1",
    intervalMs: 30_000,
    retry: { maxMs: 7000 },
    recorder: false,
    spool: { maxBytes: 2 * 1024 * 1024 },
    rules: { fetch: true, everyMs: 300_000 },
  });
});

test("watches come to the host's; of two with one name the host's stays", () => {
  const config = layered(
    "watch: { processes: [{ name: nginx, min: 2 }], ports: [5432] }\nchanges: { files: [/etc/a] }\n",
    "watch: { processes: [nginx, sshd], ports: [{ host: 127.0.0.1, port: 5432 }, 6379] }\nchanges: { packages: false, files: [/etc/b, /etc/a] }\n",
  );
  expect(config.watch.processes.map(({ name, min }) => [name, min])).toEqual([
    ["nginx", 2],
    ["sshd", 1],
  ]);
  expect(config.watch.ports.map(({ port }) => port)).toEqual([5432, 6379]);
  expect(config.changes).toMatchObject({ packages: false, files: ["/etc/a", "/etc/b"] });
});

test("an empty text changes nothing", () => {
  expect(parseRemoteConfig("", defaultAgentConfig(), { file: "remote" })).toEqual({
    config: defaultAgentConfig(),
    findings: [],
  });
});

test.for<[text: string, place: string, code: string]>([
  ["interval: 5s\ntoken: abc\n", "2:1", "AGENT_HOST_ONLY"],
  ["ci: web-2\n", "1:1", "AGENT_HOST_ONLY"],
  ["dataDir: /tmp\n", "1:1", "AGENT_HOST_ONLY"],
  ["expose: 0.0.0.0:9100\n", "1:1", "AGENT_HOST_ONLY"],
  ["remote: false\n", "1:1", "AGENT_HOST_ONLY"],
  ["watch:\n  plugins: [{ name: x, command: [/bin/sh] }]\n", "2:3", "AGENT_HOST_ONLY"],
  ["sample: { procPath: /x }\n", "1:11", "AGENT_HOST_ONLY"],
  ["intervall: 5s\n", "1:1", "AGENT_UNKNOWN_KEY"],
  ["interval: soon\n", "1:11", "AGENT_BAD_DURATION"],
  ["[1, 2]\n", "1:1", "AGENT_WRONG_TYPE"],
])("%j is refused at %s with %s", ([text, place, code]) => {
  const findings = checkRemoteConfig(text, "agents.yaml");
  expect(findings.map((each) => [`${each.line}:${each.column}`, each.code])).toContainEqual([place, code]);
});
