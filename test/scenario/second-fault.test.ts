import { expect, test } from "vitest";
import { cmdb, each, play, type Told } from "./story.ts";

const HOSTS = Array.from({ length: 8 }, (_, number) => `r1-h${number}`);
const HOUSE = cmdb(
  {
    core: "switch",
    "sw-1": "switch",
    ...Object.fromEntries(HOSTS.map((name) => [name, "host"])),
    shop: "application",
    users: "application",
    "users-db": "database",
  },
  [
    "sw-1 connectsTo core",
    ...HOSTS.map((name) => `${name} connectsTo sw-1`),
    "shop runsOn r1-h0",
    "shop dependsOn users",
    "users dependsOn users-db",
  ],
  { vantage: ["core"] },
);

/** The same line again and again, every `apart` seconds up to `until`. */
function repeated(told: Told, apart: number, until: number): Told[] {
  const lines: Told[] = [];
  for (let at = told.at; at <= until; at += apart) lines.push({ ...told, at });
  return lines;
}

test("the clear of a storm's alert was lost; what it says half an hour later is of the fault of then", async () => {
  const shop: Told = { at: 50, ci: "shop", check: "http_errors", severity: "major" };
  const story = [
    ...each(HOSTS, { at: 20, check: "hostalive" }, 2),
    ...each(HOSTS.slice(0, -1), { at: 1200, check: "hostalive", status: "resolved" }, 2),
    // One host never comes back, so that the incident stays open.
    ...repeated({ at: 200, ci: "r1-h7", check: "hostalive" }, 180, 3000),
    ...repeated(shop, 180, 1190),
    { at: 2420, ci: "users-db", check: "db_down" },
    { at: 2440, ci: "users", check: "http_errors" },
    { ...shop, at: 2460 },
  ];
  const { of, incidents } = await play(HOUSE, story, 3000);
  expect(of("r1-h7")?.rootCause.ci).toBe("sw-1");
  const second = of("users-db");
  expect(second?.rootCause.ci).toBe("users-db");
  expect(second?.alerts.map(({ ci }) => ci).sort()).toEqual(["shop", "users", "users-db"]);
  expect(incidents).toHaveLength(2);
});
