import { expect, test } from "vitest";
import { eventAt, seconds } from "../../../test/support/core-driver.ts";
import type { Alert } from "../model/alert.ts";
import { believedTime, classify } from "./classify.ts";

type Known = Partial<
  Pick<Alert, "status" | "sourceStatus" | "lastOccurredAt" | "lastSeenAt" | "resolvedAt" | "late" | "count">
> | null;

/** Times are seconds. `known`: the alert before; `status`/`said`/`came`: the event, the source's time and ours. */
interface Row {
  situation: string;
  known: Known;
  status: "firing" | "resolved";
  said: number;
  came: number;
  verdict: string;
}

const firing = (said: number, came: number, more: Known = {}): Known => ({
  status: "firing",
  sourceStatus: "firing",
  lastOccurredAt: seconds(said),
  lastSeenAt: seconds(came),
  resolvedAt: null,
  late: false,
  ...more,
});
const cleared = (said: number, came: number, more: Known = {}): Known => ({
  ...firing(said, came),
  status: "resolved",
  sourceStatus: "resolved",
  resolvedAt: seconds(came),
  ...more,
});

const ROWS: Row[] = [
  { situation: "never heard of, fires", known: null, status: "firing", said: 0, came: 1, verdict: "begin" },
  { situation: "never heard of, clears", known: null, status: "resolved", said: 0, came: 1, verdict: "nothing" },
  {
    situation: "never heard of, spooled for six minutes",
    known: null,
    status: "firing",
    said: 0,
    came: 361,
    verdict: "begin late",
  },
  {
    situation: "never heard of, four minutes on a slow line",
    known: null,
    status: "firing",
    said: 0,
    came: 240,
    verdict: "begin",
  },
  { situation: "fires again in order", known: firing(0, 1), status: "firing", said: 60, came: 61, verdict: "repeat" },
  {
    situation: "fires again, clock 20 s back",
    known: firing(60, 61),
    status: "firing",
    said: 40,
    came: 121,
    verdict: "repeat",
  },
  {
    situation: "a repetition that was overtaken",
    known: firing(120, 121),
    status: "firing",
    said: 60,
    came: 122,
    verdict: "timeline older-than-firing",
  },
  { situation: "clears in order", known: firing(0, 1), status: "resolved", said: 60, came: 61, verdict: "clear" },
  {
    situation: "clears, by a replica whose clock is 20 s back",
    known: firing(60, 61),
    status: "resolved",
    said: 40,
    came: 90,
    verdict: "clear",
  },
  {
    situation: "a clear older than the last firing",
    known: firing(120, 121),
    status: "resolved",
    said: 60,
    came: 122,
    verdict: "timeline clear-older-than-firing",
  },
  { situation: "clears twice", known: cleared(60, 61), status: "resolved", said: 61, came: 62, verdict: "nothing" },
  {
    situation: "fires again after a clear",
    known: cleared(60, 61),
    status: "firing",
    said: 70,
    came: 71,
    verdict: "begin",
  },
  {
    situation: "fires in the second in which it cleared",
    known: cleared(60, 61),
    status: "firing",
    said: 60,
    came: 61.5,
    verdict: "begin",
  },
  {
    situation: "a firing that its clear overtook by seconds",
    known: cleared(60, 61),
    status: "firing",
    said: 55,
    came: 63,
    verdict: "timeline older-than-clear",
  },
  {
    situation: "a firing that its clear overtook by a minute",
    known: cleared(120, 121),
    status: "firing",
    said: 60,
    came: 125,
    verdict: "timeline older-than-clear",
  },
  {
    situation: "cleared long ago and just again: a firing that the second clear overtook by seconds",
    known: cleared(60, 61, { lastOccurredAt: seconds(900), lastSeenAt: seconds(901) }),
    status: "firing",
    said: 895,
    came: 902,
    verdict: "timeline older-than-clear",
  },
  {
    situation: "fires long after a clear, the clock was set back",
    known: cleared(60, 61),
    status: "firing",
    said: 45,
    came: 200,
    verdict: "begin",
  },
  {
    situation: "a spooled firing from before the clear",
    known: cleared(900, 901),
    status: "firing",
    said: 600,
    came: 902,
    verdict: "timeline older-than-clear",
  },
  {
    situation: "a spooled firing from after the clear",
    known: cleared(60, 61),
    status: "firing",
    said: 300,
    came: 700,
    verdict: "begin late",
  },
  {
    situation: "a spooled clear of what still counts as firing",
    known: firing(0, 1),
    status: "resolved",
    said: 300,
    came: 900,
    verdict: "clear",
  },
  {
    situation: "a spool goes on: as late as before",
    known: firing(0, 600, { late: true }),
    status: "firing",
    said: 60,
    came: 601,
    verdict: "repeat late",
  },
  {
    situation: "a spool ends: the source speaks of now",
    known: firing(0, 600, { late: true }),
    status: "firing",
    said: 620,
    came: 621,
    verdict: "repeat",
  },
  {
    situation: "always ten minutes behind, at its own pace: its clock is wrong",
    known: firing(0, 600, { late: true }),
    status: "firing",
    said: 60,
    came: 660,
    verdict: "repeat",
  },
  {
    situation: "a person resolved it a minute ago",
    known: cleared(0, 60, { sourceStatus: "firing", count: 2 }),
    status: "firing",
    said: 120,
    came: 120,
    verdict: "timeline resolved-by-person",
  },
  {
    situation: "a person resolved it, and it goes on",
    known: cleared(0, 60, { sourceStatus: "firing" }),
    status: "firing",
    said: 420,
    came: 420,
    verdict: "begin",
  },
  {
    situation: "a person resolved it, then its source does",
    known: cleared(0, 60, { sourceStatus: "firing" }),
    status: "resolved",
    said: 90,
    came: 90,
    verdict: "clear",
  },
];

test.for(ROWS)("$situation: $verdict", ({ known, status, said, came, verdict }) => {
  const event = eventAt(seconds(said), { status });
  const found = classify((known as Alert | undefined) ?? undefined, event, seconds(said), seconds(came));
  const words = [found.type];
  if ("late" in found && found.late) words.push("late" as never);
  if ("rule" in found) words.push(found.rule as never);
  expect(words.join(" ")).toBe(verdict);
});

test.for([
  { situation: "a clock ahead of ours", said: 90, came: 60, believed: 60 },
  { situation: "a clock behind ours", said: 40, came: 60, believed: 40 },
  { situation: "a clock that stands at 1970", said: -1_767_225_600, came: 60, believed: 60 },
  { situation: "a spool of a day", said: -86_400, came: 60, believed: -86_400 },
])("$situation", ({ said, came, believed }) => {
  expect(believedTime(seconds(said), seconds(came))).toBe(seconds(believed));
});
