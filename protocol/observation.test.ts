import * as fc from "fast-check";
import { expect, test } from "vitest";
import { mutatedJson } from "../test/support/mutation.ts";
import { type Observation, OBSERVATION_LIMITS, readObservation } from "./observation.ts";

const GOOD: Observation = {
  agentId: "0123456789abcdef",
  ci: "web-1",
  hostName: "web-1.example.net",
  system: { os: "linux", kernel: "6.1.0", architecture: "x86_64", virtualisation: "kvm" },
  addresses: ["192.0.2.1", "2001:db8::1"],
  programs: [
    { name: "nginx", kind: "service", product: "nginx", unit: "nginx.service", ports: [80, 443], udpPorts: [443] },
  ],
  containers: [{ id: "0123456789ab", runtime: "docker" }],
  ports: [80, 443],
  looks: 2,
  peers: [{ direction: "out", address: "192.0.2.7", port: 5432, transport: "tcp", program: "php-fpm", looks: 2 }],
};

test("a good observation is read as it is, and unknown keys are left out", () => {
  expect(readObservation({ ...GOOD, later: true })).toEqual({ status: "read", observation: GOOD });
});

test("an agent of before, which did not look at UDP", () => {
  const [{ udpPorts: _, ...program }] = GOOD.programs as [Observation["programs"][0]];
  const [{ transport: __, ...peer }] = GOOD.peers as [Observation["peers"][0]];
  const read = readObservation({ ...GOOD, programs: [program], peers: [peer] });
  expect(read).toMatchObject({
    status: "read",
    observation: { programs: [{ udpPorts: [] }], peers: [{ transport: "tcp" }] },
  });
});

test.for<[string, object, string]>([
  ["no CI", { ci: "" }, "ci is empty"],
  ["a line feed in a name", { ci: "a\nb" }, "ci is no plain text"],
  ["half a character", { hostName: "\ud800" }, "hostName is no plain text"],
  ["too many addresses", { addresses: Array(65).fill("192.0.2.1") }, "addresses has 65 entries, at most 64"],
  ["an unknown kind", { programs: [{ ...GOOD.programs[0], kind: "x" }] }, "programs[0].kind is none of database"],
  ["a port of 0", { peers: [{ ...GOOD.peers[0], port: 0 }] }, "peers[0].port is no port"],
  ["no direction", { peers: [{ ...GOOD.peers[0], direction: "up" }] }, "peers[0].direction is neither out nor in"],
  [
    "another transport",
    { peers: [{ ...GOOD.peers[0], transport: "sctp" }] },
    "peers[0].transport is neither tcp nor udp",
  ],
  ["half a look", { looks: 0.5 }, "looks is no count"],
  ["no list", { containers: {} }, "containers is no array"],
])("%s is told with its place", ([, change, message]) => {
  const result = readObservation({ ...GOOD, ...change });
  expect(result).toEqual({ status: "malformed", message: expect.stringContaining(message) });
});

test("whatever comes near a good one: read within the limits, or malformed; never an exception", () => {
  fc.assert(
    fc.property(mutatedJson(GOOD), (bytes) => {
      let value: unknown;
      try {
        value = JSON.parse(bytes.toString());
      } catch {
        return;
      }
      const result = readObservation(value);
      if (result.status === "malformed") expect(result.message.length).toBeLessThan(200);
      else expect(result.observation.peers.length).toBeLessThanOrEqual(OBSERVATION_LIMITS.peers);
    }),
    { numRuns: 2000 },
  );
});
