import { expect, test } from "vitest";
import { DEFAULT_SETTINGS } from "../../collector/core/model/settings.ts";
import type { ReplayIncident } from "../../collector/runtime/replay-result.ts";
import { replayEvents } from "../../collector/runtime/replay.ts";
import { cmdb } from "./story.ts";

/** A shop that calls a search and a cart; the search calls a store of its own. Beside it a report that nobody calls. */
const SHOP = cmdb({ shop: "service", search: "service", cart: "service", index: "service", report: "service" }, [
  "shop dependsOn search",
  "shop dependsOn cart",
  "search dependsOn index",
]);

const START = Date.parse("2026-03-01T03:00:00.000Z");
const STEP_MS = 60_000;
/** Two hours of ordinary life, then the fault. */
const FAULT = 120;
const END = FAULT + 6;

/** What a service's metrics are at a minute; undefined = not measured. */
type Course = (minute: number) => { latency?: number; requests?: number; availability?: number };

/** Small, known, without a pattern that the fault could be mistaken for. */
const wobble = (minute: number, size: number): number => (((minute * 7919) % 13) / 6 - 1) * size;
const usual =
  (latency: number, requests = 100): Course =>
  (minute) => ({
    latency: latency + wobble(minute, latency * 0.05),
    requests: requests + Math.round(wobble(minute + 5, requests * 0.04)),
    availability: 100,
  });
const during = (minute: number, from = FAULT): boolean => minute >= from && minute < END;
/** As usual, and slower by this from the fault on. */
const slower =
  (latency: number, more: number, requests = 100, from = FAULT): Course =>
  (minute) => {
    const values = usual(latency, requests)(minute);
    return { ...values, latency: (values.latency ?? 0) + (during(minute, from) ? more : 0) };
  };
/** As usual, and this percentage of calls fails from the fault on. */
const failing =
  (latency: number, percent: number, requests = 100): Course =>
  (minute) => ({ ...usual(latency, requests)(minute), availability: during(minute) ? 100 - percent : 100 });

interface Told {
  check?: string;
  severity?: string;
  /** Minute of the symptom; null = nobody reports one. */
  at?: number | null;
  /** Minutes of samples. */
  until?: number;
}

async function play(courses: Record<string, Course>, told: Told = {}): Promise<ReplayIncident[]> {
  const { check = "latency", at = FAULT + 1, until = END } = told;
  const iso = (minute: number): string => new Date(START + minute * STEP_MS).toISOString();
  const lines: string[] = [];
  for (let minute = 0; minute < until; minute += 1) {
    const receivedAt = iso(minute);
    for (const [ci, course] of Object.entries(courses)) {
      for (const [metric, value] of Object.entries(course(minute))) {
        lines.push(JSON.stringify({ kind: "sample", receivedAt, time: receivedAt, ci, metric, value }));
      }
    }
    if (minute !== at) continue;
    const event = {
      receivedAt,
      id: "e-1",
      source: "monitor",
      ci: "shop",
      check,
      status: "firing",
      severity: "critical",
    };
    lines.push(JSON.stringify(event));
  }
  return (await replayEvents({ cmdb: SHOP, settings: DEFAULT_SETTINGS, lines })).incidents;
}

const ALL_USUAL = {
  shop: usual(0.2),
  search: usual(0.05),
  cart: usual(0.02),
  index: usual(0.01),
  report: usual(1),
};

const names = (incident: ReplayIncident | undefined): string[] =>
  (incident?.rootCause.candidates ?? []).map(({ ci }) => ci);

test("a callee is slow, and then its callers: the callee, with how much of it that is", async () => {
  const [incident] = await play({ ...ALL_USUAL, search: slower(0.05, 0.3), shop: slower(0.2, 0.3) });
  expect(incident?.rootCause).toMatchObject({ ci: "search", inferred: true });
  expect(incident?.rootCause.confidence).toBeGreaterThan(0.6);
  expect(incident?.rootCause.candidates[0]?.reasons).toEqual([
    expect.stringMatching(/^latency of search is [67]\.\d times its usual \(35\d ms, usually 50 ms\)$/),
    expect.stringMatching(
      /^shop needs it and follows: this could be (100|9\d) % of the time that its calls take longer$/,
    ),
  ]);
});

test("two on one path are unusual: the deeper one explains the other", async () => {
  const courses = { ...ALL_USUAL, index: slower(0.01, 0.3), search: slower(0.05, 0.3), shop: slower(0.2, 0.3) };
  const [incident] = await play(courses);
  expect(names(incident)[0]).toBe("index");
  expect(incident?.rootCause.candidates[0]?.reasons.join()).toContain("search, which needs it, too");
});

test("the deeper one is unusual but too little to matter: the one above it", async () => {
  const courses = { ...ALL_USUAL, index: slower(0.01, 0.02), search: slower(0.05, 0.3), shop: slower(0.2, 0.3) };
  expect(names((await play(courses))[0])[0]).toBe("search");
});

test("a bystander that is far more unusual, but that the shop does not need, is not named", async () => {
  const courses = { ...ALL_USUAL, report: slower(1, 60), search: slower(0.05, 0.3), shop: slower(0.2, 0.3) };
  const [incident] = await play(courses);
  expect(names(incident)[0]).toBe("search");
  expect(names(incident)).not.toContain("report");
});

test("what was unusual long before the symptom, and stays so, is not its cause", async () => {
  const courses = {
    ...ALL_USUAL,
    cart: slower(0.02, 0.3, 100, FAULT - 15),
    search: slower(0.05, 0.3),
    shop: slower(0.2, 0.3),
  };
  expect(names((await play(courses))[0])[0]).toBe("search");
});

test("calls fail: the callee whose failures are as many as the shop's", async () => {
  const courses = { ...ALL_USUAL, search: failing(0.05, 20), shop: failing(0.2, 20) };
  const [incident] = await play(courses, { check: "availability" });
  expect(names(incident)[0]).toBe("search");
  expect(incident?.rootCause.candidates[0]?.reasons[0]).toBe("20 % of the calls of search fail, usually 0 %");
});

test("fewer calls reach a callee because its caller fails: an effect, which accuses nobody", async () => {
  const starved: Course = (minute) => ({ ...usual(0.01)(minute), ...(during(minute) ? { requests: 10 } : {}) });
  const courses = { ...ALL_USUAL, search: failing(0.05, 20), index: starved, shop: failing(0.2, 20) };
  expect(names((await play(courses, { check: "availability" }))[0])).not.toContain("index");
});

test("values are missing: the callee is measured in every other minute, and not at all for a while", async () => {
  const course = slower(0.05, 0.3);
  const patchy: Course = (minute) => (minute % 2 === 1 || (minute > 40 && minute < 60) ? {} : course(minute));
  expect(names((await play({ ...ALL_USUAL, search: patchy, shop: slower(0.2, 0.3) }))[0])[0]).toBe("search");
});

test("the shop alone is slow: the shop", async () => {
  const [incident] = await play({ ...ALL_USUAL, shop: slower(0.2, 0.3) });
  expect(incident?.rootCause).toMatchObject({ ci: "shop", inferred: false });
  expect(incident?.rootCause.candidates[0]?.reasons).toContain("nothing that it needs is unusual at the same time");
});

test("nothing is unusual: nobody is named, and the incident says so", async () => {
  const [incident] = await play(ALL_USUAL);
  expect(incident?.rootCause).toEqual({ ci: null, confidence: 0, inferred: false, candidates: [], change: null });
});

test("an alert of a kind that these metrics do not tell of keeps its root", async () => {
  const [incident] = await play(ALL_USUAL, { check: "disk_full" });
  expect(incident?.rootCause.ci).toBe("shop");
});

test("too little of a past to say what is usual: the events decide", async () => {
  const [incident] = await play(ALL_USUAL, { at: 4, until: 6 });
  expect(incident?.rootCause.ci).not.toBeNull();
});

test("anomalies alone open no incident", async () => {
  const courses = { ...ALL_USUAL, search: slower(0.05, 3), shop: slower(0.2, 3) };
  expect(await play(courses, { at: null })).toEqual([]);
});

test("the root is ranked again as later samples arrive", async () => {
  const courses = { ...ALL_USUAL, search: slower(0.05, 0.3), shop: slower(0.2, 0.3) };
  const [early] = await play(courses, { at: FAULT - 1, until: FAULT });
  expect(early?.rootCause.ci).toBeNull();
  const [late] = await play(courses, { at: FAULT - 1 });
  expect(late?.rootCause.ci).toBe("search");
  expect(late?.timeline.map(({ kind }) => kind)).toContain("root");
});

test("the same recording gives the same bytes", async () => {
  const courses = { ...ALL_USUAL, search: slower(0.05, 0.3), shop: slower(0.2, 0.3) };
  expect(JSON.stringify(await play(courses))).toBe(JSON.stringify(await play(courses)));
});
