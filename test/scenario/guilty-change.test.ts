import { expect, test } from "vitest";
import { cmdb, play, type Told } from "./story.ts";

/** Twenty shops, each a program on a machine of its own with a database, behind two switches. */
const SHOPS = Array.from({ length: 20 }, (_, index) => `s${String(index + 1).padStart(2, "0")}`);
const WORLD = cmdb(
  {
    core: "switch",
    "sw-1": "switch",
    "sw-2": "switch",
    ...Object.fromEntries(
      SHOPS.flatMap((shop) => [
        [`${shop}-app`, "application"],
        [`${shop}-db`, "database"],
        [`${shop}-vm`, "vm"],
      ]),
    ),
  },
  [
    "sw-1 connectsTo core",
    "sw-2 connectsTo core",
    ...SHOPS.flatMap((shop, index) => [
      `${shop}-app runsOn ${shop}-vm`,
      `${shop}-app dependsOn ${shop}-db`,
      `${shop}-vm connectsTo ${index % 2 === 0 ? "sw-1" : "sw-2"}`,
    ]),
  ],
  { vantage: ["core"] },
);

const MINUTE = 60;
/** When the trouble begins. */
const NOON = 4 * 60 * MINUTE;

function changed(ci: string, at: number, check = "deployment"): Told {
  return { at, ci, check, kind: "change", severity: "info", source: "cd" };
}

/** Once an hour something is changed somewhere. */
const ORDINARY = [1, 2, 3].map((hour) => changed(`s1${hour}-app`, hour * 3600 - 900));

const ERRORS: Told[] = [
  { at: NOON, ci: "s01-app", check: "http_errors", severity: "major", summary: "30 % of requests fail" },
  { at: NOON + 20, ci: "s01-app", check: "log_errors", severity: "major", summary: "NullPointerException" },
];
const DEAD: Told[] = [
  { at: NOON, ci: "s01-vm", check: "ping", summary: "no answer" },
  { at: NOON + 15, ci: "s01-app", check: "tcp", summary: "connection refused" },
];

const cases: readonly (readonly [name: string, changes: readonly Told[], trouble: readonly Told[], named: boolean])[] =
  [
    ["a release, and errors five minutes later", [changed("s01-app", NOON - 5 * MINUTE)], ERRORS, true],
    ["a release, and errors within its first seconds", [changed("s01-app", NOON - 5)], ERRORS, true],
    ["a release whose clock is some seconds fast", [changed("s01-app", NOON + 10)], ERRORS, true],
    ["a release by which somebody mends what is broken", [changed("s01-app", NOON + 3 * MINUTE)], ERRORS, false],
    ["a release an hour ago", [changed("s01-app", NOON - 60 * MINUTE)], ERRORS, false],
    ["a release of another shop, moments before", [changed("s02-app", NOON - MINUTE)], ERRORS, false],
    ["a machine is changed, and dies within minutes", [changed("s01-vm", NOON - 4 * MINUTE, "patch")], DEAD, true],
    [
      "a machine is changed, and dies after twenty minutes",
      [changed("s01-vm", NOON - 20 * MINUTE, "patch")],
      DEAD,
      false,
    ],
    [
      "a release that goes out every six minutes all day",
      Array.from({ length: 40 }, (_, turn) => changed("s01-app", NOON - 4 * MINUTE - turn * 6 * MINUTE)),
      ERRORS,
      false,
    ],
  ];

test.for(cases)("%s: named %o", async ([, changes, trouble, named]) => {
  const { of } = await play(WORLD, [...ORDINARY, ...changes, ...trouble], NOON + 10 * MINUTE);
  const root = trouble[0]?.ci ?? "";
  expect(of(root)?.rootCause.ci).toBe(root);
  expect(of(root)?.rootCause.change !== null).toBe(named);
});

test("a leak fills the memory by and by: the release of twenty minutes ago is named", async () => {
  const leak: Told = { at: NOON, ci: "s01-app", check: "memory", severity: "major", summary: "memory 93 % used" };
  const { of } = await play(WORLD, [...ORDINARY, changed("s01-app", NOON - 20 * MINUTE), leak], NOON + 10 * MINUTE);
  expect(of("s01-app")?.rootCause).toMatchObject({ ci: "s01-app", change: "e-3" });
});

/** Every other shop has a release in these hours. */
const BUSY = SHOPS.filter((_, index) => index % 2 === 1).map((shop, turn) =>
  changed(`${shop}-app`, turn * 20 * MINUTE),
);

const leaks: readonly (readonly [
  name: string,
  minutes: number,
  trouble: readonly Told[],
  ci: string,
  named: boolean,
])[] = [
  [
    "requests get slower by and by, half an hour after a release",
    32,
    [{ at: NOON, ci: "s01-app", check: "latency", severity: "warning", summary: "p95 1400 ms" }],
    "s01-app",
    true,
  ],
  [
    "the processor of the machine that carries nothing else is busy, after a release",
    25,
    [{ at: NOON, ci: "s01-vm", check: "cpu", severity: "warning", summary: "CPU 91 %" }],
    "s01-vm",
    true,
  ],
  [
    "the processor is at its end from one moment to the next, long after a release",
    25,
    [{ at: NOON, ci: "s01-vm", check: "cpu", severity: "critical", summary: "CPU 100 %" }],
    "s01-vm",
    false,
  ],
  [
    "what gets slow has stopped in the same minute, long after a release",
    25,
    [
      { at: NOON, ci: "s01-app", check: "latency", severity: "warning", summary: "p95 1400 ms" },
      { at: NOON + 20, ci: "s01-app", check: "tcp", summary: "connection refused" },
    ],
    "s01-app",
    false,
  ],
];

test.for(leaks)("%s: named %o", async ([, minutes, trouble, ci, named]) => {
  const { of } = await play(
    WORLD,
    [...BUSY, changed("s01-app", NOON - minutes * MINUTE), ...trouble],
    NOON + 10 * MINUTE,
  );
  expect(of(ci)?.rootCause.ci).toBe(ci);
  expect(of(ci)?.rootCause.change).toBe(named ? `e-${BUSY.length}` : null);
});

test("the first release that is ever seen in a house of three CIs is no everyday matter", async () => {
  const house = cmdb({ net: "switch", box: "host", mail: "application" }, ["mail runsOn box", "box connectsTo net"], {
    vantage: ["net"],
  });
  const slow: Told = { at: NOON, ci: "mail", check: "latency", severity: "warning", summary: "p95 1400 ms" };
  const { of } = await play(house, [changed("mail", NOON - 10 * MINUTE), slow], NOON + 10 * MINUTE);
  expect(of("mail")?.rootCause).toMatchObject({ ci: "mail", change: "e-0" });
});
