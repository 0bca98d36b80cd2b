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

test("what begins just after a page is given time to turn out as a piece of the same; if it does not, it pages, too", async () => {
  const document = cmdb(
    { core: "switch", "sw-east": "switch", vault: ["host", { criticality: 1 }], ...hostsOf(12) },
    ["sw-east connectsTo core", ...Object.keys(hostsOf(12)).map((name) => `${name} connectsTo sw-east`)],
    { vantage: ["core"] },
  );
  const story = [
    ...each(Object.keys(hostsOf(12)), { at: 10, check: "ping", summary: "no answer" }, 2),
    { at: 50, ci: "vault", check: "process_missing", source: "agent", summary: "vaultd is not running" },
    { at: 52, ci: "vault", check: "sealed", source: "agent", summary: "nobody can read it" },
    { at: 54, ci: "vault", check: "check_tcp", summary: "connection refused" },
  ];
  const soon = await play(document, story, 140);
  expect(soon.pages).toBe(1);
  const later = await play(document, story, 400);
  expect(later.pages).toBe(2);
  expect(later.of("vault")?.rootCause.ci).toBe("vault");
});

function hostsOf(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, number) => [`box-${number}x`, "host"]));
}
