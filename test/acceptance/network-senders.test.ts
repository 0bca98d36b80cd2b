import { execFile } from "node:child_process";
import { createSocket } from "node:dgram";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { debianEnvironment, debianTool } from "../support/debian-tool.ts";
import { eventually, freePort } from "../support/real-prometheus.ts";
import { json, startCollector, temporaryFolder } from "../support/tocsin-process.ts";

/** Senders that do not speak HTTP, and one that the configuration describes: logger, snmptrap, a webhook with a mapping. */

const run = promisify(execFile);

interface Shown {
  ci: string;
  source: string;
  check: string;
  instance: string;
  status: string;
  severity: string;
}

const endings: (() => unknown)[] = [];
const ports = { udp: 0, tcp: 0, snmp: 0 };
let url: string;

const alert = async (check: string, instance: string, status = "all"): Promise<Shown | undefined> =>
  (await json<{ items: Shown[] }>(`${url}/api/v1/alerts?status=${status}&limit=1000`)).body.items.find(
    (one) => one.check === check && one.instance === instance,
  );
const standing = (check: string, instance: string, status: string): Promise<Shown> =>
  eventually(`${check} ${instance} ${status}`, async () => {
    const found = await alert(check, instance);
    return found?.status === status ? found : undefined;
  });

const freeUdpPort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createSocket("udp4").bind(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

beforeAll(async () => {
  const folder = temporaryFolder((clean) => endings.push(clean));
  ports.udp = await freeUdpPort();
  ports.snmp = await freeUdpPort();
  ports.tcp = await freePort();
  const { process, url: found } = await startCollector(folder, {
    "cmdb.yaml": "cis:\n  - { id: sw-r3, type: switch, name: sw-r3, aliases: [127.0.0.1] }\n",
    "snmp.key": "authentication-key",
    "tocsin.yaml": `
cmdb: { files: [cmdb.yaml] }
ingest:
  webhooks:
    doors:
      mapping:
        ci: /room
        check: door
        summary: "the door of {/room} is {/state}"
        status: { of: /state, resolved: [closed] }
        severity: { otherwise: critical }
  syslog:
    udp: 127.0.0.1:${ports.udp}
    tcp: 127.0.0.1:${ports.tcp}
    rules:
      - { check: backup, app: backup, pattern: "job (?P<instance>\\\\S+) (?P<state>failed|succeeded)", contains: job, clearStates: [succeeded], severity: major }
  snmp:
    listen: 127.0.0.1:${ports.snmp}
    communities: [{ community: public }]
    users: [{ name: monitor, authentication: { protocol: sha, keyFile: snmp.key } }]
`,
  });
  endings.unshift(() => process.stop());
  url = found;
});

afterAll(async () => {
  for (const end of endings) await end();
});

const logger = (transport: readonly string[], tag: string, message: string): Promise<unknown> =>
  run(debianTool("logger"), ["--server", "127.0.0.1", ...transport, "--priority", "daemon.err", "--tag", tag, message]);

test.each([
  ["UDP, RFC 3164", () => ["--udp", "--port", String(ports.udp), "--rfc3164"], "one"],
  ["UDP, RFC 5424", () => ["--udp", "--port", String(ports.udp), "--rfc5424"], "two"],
  ["TCP, lines", () => ["--tcp", "--port", String(ports.tcp), "--rfc5424"], "three"],
  ["TCP, octet counting", () => ["--tcp", "--port", String(ports.tcp), "--rfc5424", "--octet-count"], "four"],
])("logger over %s raises and clears", async (_name, transport, job) => {
  await logger(transport(), "backup", `job ${job} failed: no space`);
  expect(await standing("backup", job, "firing")).toMatchObject({ source: "syslog", severity: "major" });
  await logger(transport(), "backup", `job ${job} succeeded`);
  await standing("backup", job, "resolved");
});

const snmptrap = (args: string[]): Promise<unknown> => run(debianTool("snmptrap"), args, { env: debianEnvironment });

const LINK = "1.3.6.1.6.3.1.1.5";
const INDEX = "1.3.6.1.2.1.2.2.1.1";
const NAME = "1.3.6.1.2.1.31.1.1.1.1";

const version2 = (trap: string, index: number): string[] => [
  "",
  `${LINK}.${trap}`,
  `${INDEX}.${index}`,
  "i",
  String(index),
  `${NAME}.${index}`,
  "s",
  `Gi0/${index}`,
];
const target = (): string => `127.0.0.1:${ports.snmp}`;

test.each<[name: string, index: number, send: (trap: "3" | "4", index: number) => string[]]>([
  [
    "version 1",
    1,
    (trap, index) => [
      "-v1",
      "-c",
      "public",
      target(),
      "1.3.6.1.4.1.9.1.1",
      "0.0.0.0",
      trap === "3" ? "2" : "3",
      "0",
      "",
      `${NAME}.${index}`,
      "s",
      `Gi0/${index}`,
    ],
  ],
  ["version 2c", 2, (trap, index) => ["-v2c", "-c", "public", target(), ...version2(trap, index)]],
  ["version 2c, an inform", 3, (trap, index) => ["-Ci", "-v2c", "-c", "public", target(), ...version2(trap, index)]],
  [
    "version 3, authenticated",
    4,
    (trap, index) => [
      "-v3",
      "-e",
      "0x8000000001020304",
      "-u",
      "monitor",
      "-l",
      "authNoPriv",
      "-a",
      "SHA",
      "-A",
      "authentication-key",
      target(),
      ...version2(trap, index),
    ],
  ],
])("snmptrap of %s: link down and up on the CI that has the address", async (_name, index, send) => {
  await snmptrap(send("3", index));
  expect(await standing("link-down", `Gi0/${index}`, "firing")).toMatchObject({
    ci: "sw-r3",
    source: "snmptrap",
    severity: "major",
  });
  await snmptrap(send("4", index));
  await standing("link-down", `Gi0/${index}`, "resolved");
});

test("a trap of another community is not taken", async () => {
  await snmptrap(["-v2c", "-c", "wrong", target(), ...version2("3", 9)]);
  await eventually("the refusal is counted", async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    return /^tocsin_ingest_dropped_total\{[^}]*adapter="snmp"[^}]*reason="unauthorised"[^}]*\} [1-9]/m.test(text)
      ? true
      : undefined;
  });
  expect(await alert("link-down", "Gi0/9")).toBeUndefined();
});

test("a webhook of the configuration", async () => {
  expect(await json(`${url}/webhooks/doors`, { room: "dc-1", state: "open" })).toMatchObject({ status: 202 });
  expect(await standing("door", "", "firing")).toMatchObject({ ci: "dc-1", source: "doors", severity: "critical" });
  await json(`${url}/webhooks/doors`, { room: "dc-1", state: "closed" });
  await standing("door", "", "resolved");
});
