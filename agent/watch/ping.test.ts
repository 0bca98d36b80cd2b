import { expect, test } from "vitest";
import { parseAgentConfig } from "../config/parse-agent-config.ts";
import { judgePing, parsePing } from "./ping.ts";
import { runProgram } from "./run-program.ts";
import { systemClock } from "../clock.ts";

const IPUTILS = `PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.

--- 192.0.2.1 ping statistics ---
3 packets transmitted, 3 received, 0% packet loss, time 2008ms
rtt min/avg/max/mdev = 0.043/0.152/0.261/0.109 ms
`;
const BUSYBOX = `PING 192.0.2.1 (192.0.2.1): 56 data bytes

--- 192.0.2.1 ping statistics ---
2 packets transmitted, 2 packets received, 0% packet loss
round-trip min/avg/max = 0.050/0.053/0.057 ms
`;
const INETUTILS = `PING 192.0.2.1 (192.0.2.1): 56 data bytes
--- 192.0.2.1 ping statistics ---
4 packets transmitted, 3 packets received, 25% packet loss
round-trip min/avg/max/stddev = 10.1/300.5/512.0/9.0 ms
`;
const SILENT = `PING 203.0.113.1 (203.0.113.1) 56(84) bytes of data.

--- 203.0.113.1 ping statistics ---
3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 2040ms

`;
const DOUBLED = SILENT.replace("0 received, +3 errors", "4 received, +1 duplicates");

test.for([
  ["iputils", IPUTILS, { sent: 3, received: 3, rttMs: 0.152 }],
  ["busybox", BUSYBOX, { sent: 2, received: 2, rttMs: 0.053 }],
  ["inetutils", INETUTILS, { sent: 4, received: 3, rttMs: 300.5 }],
  ["no answer", SILENT, { sent: 3, received: 0, rttMs: Number.NaN }],
  ["answers twice", DOUBLED, { sent: 3, received: 3, rttMs: Number.NaN }],
  ["nothing", "ping: nowhere: Name or service not known\n", null],
  ["killed before the first packet", "0 packets transmitted, 0 received\n", null],
] as const)("the summary of ping: %s", ([, output, expected]) => {
  expect(parsePing(output)).toEqual(expected);
});

test.for([
  ["all is well", IPUTILS, 0.6, null, { status: "good" }],
  ["no answer", SILENT, 1, null, { status: "bad", summary: "h does not answer ping: 3 of 3 lost", value: 1 }],
  ["some are lost, as many as may be", INETUTILS, 0.5, null, { status: "good" }],
  ["too many are lost", INETUTILS, 0.25, null, { status: "bad", summary: "h loses packets: 1 of 4", value: 0.25 }],
  [
    "slow",
    INETUTILS,
    0.5,
    200,
    { status: "bad", summary: "h answers ping slowly: 300.5 ms, more than 200 ms", value: 0.25 },
  ],
  ["nothing was asked", "", 0.5, null, { status: "unknown", reason: "ping h: ping ended with 2 and told nothing" }],
] as const)("%s", ([, output, loss, rttMs, expected]) => {
  expect(judgePing({ host: "h", loss, rttMs }, { code: 2, output, complaint: "", reason: "" }).result).toEqual(
    expected,
  );
});

test("a ping that may not do what it must: unknown, with its own words", async () => {
  const command = ["sh", "-c", "echo ping: cap_set_proc: Operation not permitted >&2; echo more >&2; exit 255"];
  const ended = await runProgram({ command, timeoutMs: 10_000 }, systemClock);
  expect(judgePing({ host: "h", loss: 1, rttMs: null }, ended).result).toEqual({
    status: "unknown",
    reason: "ping h: ping ended with 255 and said: ping: cap_set_proc: Operation not permitted",
  });
});

test("no ping on this host, or none that may be started: unknown, with the reason", async () => {
  const ended = await runProgram({ command: ["tocsin-no-such-ping"], timeoutMs: 1000 }, systemClock);
  expect(judgePing({ host: "h", loss: 1, rttMs: null }, ended).result).toEqual({
    status: "unknown",
    reason: "ping h: there is no tocsin-no-such-ping",
  });
});

const read = (text: string) => parseAgentConfig(`watch: { ping: [${text}] }`, "agent.yaml");

test("in the file: a host, or a map; never an option for the program", () => {
  const good = read(
    "192.0.2.1, { host: gw.example.net, count: 5, loss: 40%, rtt: 200ms, every: 30s, severity: major }",
  );
  expect("config" in good ? good.config.watch.ping : good).toMatchObject([
    { host: "192.0.2.1", count: 3, loss: 0.6, rttMs: null, everyMs: 60_000, severity: "critical" },
    { host: "gw.example.net", count: 5, loss: 0.4, rttMs: 200, everyMs: 30_000, severity: "major" },
  ]);
  expect(read('"-f"').findings).toMatchObject([{ code: "AGENT_BAD_VALUE" }]);
  expect(read('"a;b"').findings).toMatchObject([{ code: "AGENT_BAD_VALUE" }]);
  expect(read("{ host: a, loss: 200% }").findings).toMatchObject([{ code: "AGENT_OUT_OF_RANGE" }]);
  expect(read("{ count: 3 }").findings).toMatchObject([{ code: "AGENT_MISSING_KEY" }]);
});
