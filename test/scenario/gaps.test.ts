import { expect, test } from "vitest";
import { cmdb, each, play } from "./story.ts";

/** Machines with names that tell nothing, behind one switch; one of them without its line in the CMDB, and what runs on it. */
const NAMES = ["oak", "elm", "fir", "ash", "yew", "bay"];
const HOSTS = cmdb(
  {
    core: "switch",
    "sw-east": "switch",
    ...Object.fromEntries(NAMES.map((name) => [name, "host"])),
    ledger: "application",
    poplar: "host",
  },
  ["sw-east connectsTo core", ...NAMES.slice(1).map((name) => `${name} connectsTo sw-east`), "ledger runsOn oak"],
  { vantage: ["core"] },
);

test("peers of one kind die within moments: one of them without its relation is no fault of its own", async () => {
  const story = [
    ...each(NAMES, { at: 10, check: "ping", summary: "no answer" }, 4),
    { at: 40, ci: "ledger", check: "check_http", summary: "connection refused" },
  ];
  const { of, incidents } = await play(HOSTS, story, 400);
  expect(of("oak")?.rootCause.ci).toBe("sw-east");
  expect(of("ledger")?.id).toBe(of("oak")?.id);
  expect(incidents).toHaveLength(1);
});

test("one that dies ten minutes before them is", async () => {
  const story = [
    { at: 10, ci: "oak", check: "ping", summary: "no answer" },
    ...each(NAMES.slice(1), { at: 610, check: "ping", summary: "no answer" }, 4),
  ];
  const { of } = await play(HOSTS, story, 1000);
  expect(of("oak")?.rootCause.ci).toBe("oak");
  expect(of("elm")?.rootCause.ci).toBe("sw-east");
});
