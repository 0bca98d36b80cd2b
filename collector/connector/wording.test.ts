import { assert, property, string } from "fast-check";
import { expect, test } from "vitest";
import {
  hostileNotification,
  sampleAlert,
  sampleIncident,
  sampleNotification,
} from "../../test/support/sample-notification.ts";
import type { CiCard } from "../port/ci-card.ts";
import { oneLine, spanOf, wordNotification } from "./wording.ts";

const word = (over: Parameters<typeof sampleNotification>[0] = {}) =>
  wordNotification(sampleNotification(over), { externalUrl: null });
const headings = (over: Parameters<typeof sampleNotification>[0] = {}) =>
  word(over).sections.map(({ heading }) => heading);

test("a page tells what broke, why, who is hit, what next, and where", () => {
  expect(wordNotification(sampleNotification(), { externalUrl: "https://tocsin.example.net" })).toEqual({
    headline: "P1: db-2 is down: checkout fails",
    subject: "Incident 42: db-2 is down: checkout fails",
    facts: "P1 · critical · incident 42 · since 2026-03-01 10:00 UTC",
    sections: [
      {
        heading: "What broke",
        lines: [
          "Probable cause: db-2 (93 %), inferred: it sends nothing itself",
          "web-01 http_5xx_rate: 22 % of requests fail",
        ],
      },
      {
        heading: "Why we think so",
        lines: ["11 of 12 services that need db-2 fail", "db-2 itself sends nothing", "Next candidate: sw-3 (5 %)"],
      },
      {
        heading: "Who is hit",
        lines: ["checkout (criticality 1), no redundancy left", "3 configuration items in all"],
      },
      {
        heading: "What next",
        lines: ["Acknowledge: tocsin ack 42", "Runbook: https://runbooks.example.net/http-5xx", "Why: tocsin why 42"],
      },
    ],
    link: "https://tocsin.example.net/#/incidents/inc-0123456789ab",
  });
});

test.for<[what: string, card: Partial<CiCard>, cause: string, hit: string]>([
  [
    "what it is and whose",
    {},
    "; database, owner team-db",
    "checkout (criticality 1), no redundancy left, owner team-db",
  ],
  ["nobody owns it", { owner: null }, "; database", "checkout (criticality 1), no redundancy left"],
  [
    "a name that is no id",
    { name: "Orders" },
    '; database "Orders", owner team-db',
    "Orders (checkout, criticality 1), no redundancy left, owner team-db",
  ],
  [
    "a hostile name",
    { name: "Orders\n\u202e1P" },
    '; database "Orders 1P", owner team-db',
    "Orders 1P (checkout, criticality 1), no redundancy left, owner team-db",
  ],
])("with a CMDB that says more: %s", ([, over, cause, hit]) => {
  const cardOf = (id: string): CiCard => ({ id, name: id, type: "database", owner: "team-db", ...over });
  const { sections } = wordNotification(sampleNotification(), { externalUrl: null, cardOf });
  const linesOf = (heading: string) => sections.find((section) => section.heading === heading)?.lines;
  expect(linesOf("What broke")?.[0]).toBe(`Probable cause: db-2 (93 %), inferred: it sends nothing itself${cause}`);
  expect(linesOf("Who is hit")?.[0]).toBe(hit);
});

test.for<[kind: "updated" | "escalated" | "reopened" | "acknowledged" | "resolved", headline: string]>([
  ["updated", "P1 update: db-2 is down: checkout fails"],
  ["escalated", "Now P1: db-2 is down: checkout fails"],
  ["reopened", "P1 back again: db-2 is down: checkout fails"],
  ["acknowledged", "Acknowledged by anna: db-2 is down: checkout fails"],
  ["resolved", "Resolved after 12 min: db-2 is down: checkout fails"],
])("%s: %s", ([kind, headline]) => {
  const document = sampleIncident({
    resolvedAt: kind === "resolved" ? "2026-03-01T10:12:00.000Z" : null,
    timeline: [{ at: "2026-03-01T10:05:00.000Z", kind: "acknowledged", text: "on it", actor: "anna" }],
  });
  expect(word({ kind, document }).headline).toBe(headline);
});

test("the end of a merged incident says that the fault goes on, and where", () => {
  const document = sampleIncident({
    status: "closed",
    resolvedAt: "2026-03-01T10:12:00.000Z",
    mergedInto: "inc-ffffffffffff",
    timeline: [
      { at: "2026-03-01T10:12:00.000Z", kind: "merged", text: "part of incident 7: sw-3 explains both", actor: null },
    ],
  });
  const { headline, sections } = word({
    kind: "resolved",
    document,
    reason: "merged, not over: it is part of incident 7: sw-3 explains both",
  });
  expect(headline).toBe("Not over, merged into incident 7: db-2 is down: checkout fails");
  expect(sections[0]?.lines).toEqual(["merged, not over: it is part of incident 7: sw-3 explains both"]);
  expect(sections.at(-1)?.lines).toEqual(["Go on in incident 7: it is the same fault, and it is not over."]);
});

test("the end that a person called is not said to be that of every alert", () => {
  const timeline = [{ at: "2026-03-01T10:12:00.000Z", kind: "resolved", text: "restarted", actor: "anna" }];
  expect(word({ kind: "resolved", document: sampleIncident({ timeline }) }).sections.at(-1)?.lines).toEqual([
    "Nothing: anna resolved it. What its sources find anew opens it again.",
  ]);
});

test("a resolve is short", () => {
  expect(headings({ kind: "resolved", page: false })).toEqual(["What broke", "Who is hit", "What next"]);
});

test("an update says why it came", () => {
  expect(word({ kind: "updated", reason: "the root moved from sw-3 to db-2" }).sections[0]).toEqual({
    heading: "Why you read this",
    lines: ["the root moved from sw-3 to db-2"],
  });
});

test("a surge without a guilty one says so and gives no reasons for one", () => {
  const rootCause = {
    ci: null,
    confidence: 0.4,
    inferred: false,
    candidates: [{ ci: "a", score: 0.2, reasons: ["x"] }],
    change: null,
  };
  const worded = word({ document: sampleIncident({ rootCause }) });
  expect(worded.sections[0]?.lines[0]).toBe("No single cause has been found.");
  expect(worded.sections.map(({ heading }) => heading)).not.toContain("Why we think so");
  const rootless = "6 CIs are under load at once";
  const known = word({ document: sampleIncident({ rootCause: { ...rootCause, rootless } }) });
  expect(known.sections[0]?.lines[0]).toBe("No single cause: 6 CIs are under load at once.");
});

test("a change that explains it is told", () => {
  const rootCause = { ...sampleIncident().rootCause, change: "e-deploy-7" };
  const sentence = "db-2 was changed 20 s before it began: kernel update";
  const candidates = rootCause.candidates.map((candidate, index) =>
    index === 0 ? { ...candidate, reasons: [sentence, ...candidate.reasons] } : candidate,
  );
  const { sections } = word({ document: sampleIncident({ rootCause: { ...rootCause, candidates } }) });
  const lines = (wanted: string) => sections.find(({ heading }) => heading === wanted)?.lines;
  expect(lines("What changed")).toEqual([sentence]);
  expect(lines("Why we think so")?.slice(0, 2)).toEqual(sampleIncident().rootCause.candidates[0]?.reasons);
});

test("many alerts and services are counted, not listed", () => {
  const alerts = Array.from({ length: 40 }, (_, index) => sampleAlert({ ci: `web-${index}` }));
  const services = Array.from({ length: 9 }, (_, index) => ({ ci: `s-${index}`, criticality: 2, redundancyLeft: 3 }));
  const { sections } = word({ document: sampleIncident({ alerts, impact: { services, cis: [] } }) });
  expect(sections[0]?.lines.at(-1)).toBe("… and 35 more alerts");
  expect(sections.find(({ heading }) => heading === "Who is hit")?.lines.at(-1)).toBe("… and 3 more services");
});

test("the runbook that an alert names is offered, wherever its sender put it", () => {
  const next = (alert: Parameters<typeof sampleAlert>[0]): string =>
    JSON.stringify(
      word({ document: sampleIncident({ alerts: [sampleAlert({ labels: {}, ...alert })] }) }).sections.at(-1),
    );
  expect(next({ runbook: "https://runbooks.example.net/down" })).toContain(
    "Runbook: https://runbooks.example.net/down",
  );
  expect(next({ labels: { runbook: "https://runbooks.example.net/x" } })).toContain(
    "Runbook: https://runbooks.example.net/x",
  );
  expect(next({ runbook: "javascript:alert(1)" })).not.toContain("Runbook");
});

test("a runbook that is no web address is not offered", () => {
  const alerts = [sampleAlert({ labels: { runbook_url: "javascript:alert(1)", runbook: "see wiki" } })];
  expect(JSON.stringify(word({ document: sampleIncident({ alerts }) }))).not.toContain("Runbook");
});

test("hostile text keeps to its line", () => {
  const { headline, subject, facts, sections } = wordNotification(hostileNotification(), { externalUrl: null });
  for (const line of [headline, subject, facts, ...sections.flatMap(({ lines }) => lines)])
    expect(line).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u);
  expect(headline.length).toBeLessThanOrEqual(121);
});

test("any text becomes one line of bounded length that UTF-8 can hold", () => {
  assert(
    property(string({ unit: "binary", maxLength: 300 }), (text) => {
      const line = oneLine(text, 50);
      expect(Array.from(line).length).toBeLessThanOrEqual(50);
      expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u);
      expect(line.isWellFormed()).toBe(true);
    }),
  );
});

test.for<[durationMs: number, text: string]>([
  [0, "0 s"],
  [20_000, "20 s"],
  [59_600, "1 min"],
  [12 * 60_000, "12 min"],
  [185 * 60_000, "3 h 05 min"],
  [52 * 3_600_000, "2 d 4 h"],
])("%s ms are %s", ([durationMs, text]) => {
  expect(spanOf(durationMs)).toBe(text);
});
