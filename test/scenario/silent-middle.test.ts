import { expect, test } from "vitest";
import { cmdb, each, play } from "./story.ts";

const HOSTS = Array.from({ length: 24 }, (_, number) => `r1-h${number}`);
const ROOM = cmdb(
  {
    core: "switch",
    "pdu-1": "pdu",
    "rack-1": "rack",
    ...Object.fromEntries(HOSTS.map((name) => [name, "host"])),
  },
  ["rack-1 dependsOn pdu-1", ...HOSTS.flatMap((name) => [`${name} containedIn rack-1`, `${name} connectsTo core`])],
  { vantage: ["core"] },
);

test("a feed says that it is out, its rack says nothing, and the hosts in it are silent: the feed", async () => {
  const story = [
    { at: 5, ci: "pdu-1", check: "cefcPowerStatusChange", source: "snmptrap", summary: "pdu-1: input off" },
    ...each(HOSTS, { at: 40, check: "hostalive", summary: "no answer" }, 4),
  ];
  const { incidents, pages } = await play(ROOM, story, 300);
  expect(incidents).toHaveLength(1);
  expect(incidents[0]?.rootCause).toMatchObject({ ci: "pdu-1", inferred: false });
  expect(incidents[0]?.rootCause.candidates[0]?.reasons.join()).toMatch(/through rack-1/);
  expect(pages).toBe(1);
});

test("the feed says nothing either: the rack, inferred", async () => {
  const { incidents } = await play(ROOM, each(HOSTS, { at: 40, check: "hostalive", summary: "no answer" }, 4), 300);
  expect(incidents).toHaveLength(1);
  expect(["rack-1", "pdu-1"]).toContain(incidents[0]?.rootCause.ci);
  expect(incidents[0]?.rootCause.inferred).toBe(true);
});
