import { afterEach, expect, test } from "vitest";
import { AnsweringCollector } from "../../test/support/answering-collector.ts";
import { callCommand } from "../../test/support/called-command.ts";
import type { LedgerRecord } from "../core/model/ledger.ts";
import { run } from "./why.ts";

const double = new AnsweringCollector();
afterEach(() => double.close());

const AT = "2026-03-01T03:12:00.000Z";
const call = (url: string, ...args: string[]) =>
  callCommand(run, [...args, "--at", "2026-03-01T04:00:00Z", "--collector", url]);

const line = (parts: Partial<Omit<LedgerRecord, "at">>): unknown => ({
  at: AT,
  decision: "alert.joined",
  incident: null,
  alert: null,
  ci: null,
  rule: "correlation",
  reasons: ["sw-1 explains both"],
  counterfactual: null,
  facts: {},
  ...parts,
});
const incident = (number: number, mergedInto: string | null) => ({
  id: `inc-${number}`,
  number,
  openedAt: AT,
  mergedInto,
});
const page = (...items: unknown[]) => ({ items, next: null });
const PAGED = line({
  decision: "notification.decided",
  incident: "inc-5",
  ci: "sw-1",
  reasons: ["shop is hit"],
  facts: { receiver: "oncall", page: true },
});
const OPENED = line({ decision: "incident.opened", incident: "inc-5", ci: "web-01", facts: { number: 5 } });
const MERGED = line({
  decision: "incident.merged",
  incident: "inc-7",
  ci: "web-02",
  facts: { into: "inc-5", number: 7, intoNumber: 5 },
});

/** Incident 7 on web-02 became part of incident 5, whose root is sw-1, and which hits the service shop. */
const world = (five: unknown = incident(5, null)): Promise<string> =>
  double.answerByPath({
    "/api/v1/incidents/5": five,
    "/api/v1/incidents/7": incident(7, "inc-5"),
    "/api/v1/incidents/inc-7": incident(7, "inc-5"),
    "/api/v1/incidents/inc-5": five,
    "/api/v1/incidents?status=all&ci=shop": page(incident(5, null)),
    "/api/v1/incidents?status=all&ci=": page(),
    "/api/v1/cmdb/cis/shop": { id: "shop" },
    "/api/v1/cmdb/cis/web-02": { id: "web-02" },
    "/api/v1/ledger?incident=inc-5": page(PAGED, OPENED),
    "/api/v1/ledger?incident=inc-7": page(MERGED),
    "/api/v1/ledger?ci=web-02": page(
      line({ decision: "alert.unobserved", incident: "inc-5", ci: "web-02", reasons: ["sw-1 has failed"] }),
      line({ incident: "inc-7", ci: "web-02" }),
    ),
    "/api/v1/ledger?ci=": page(),
  });

test.for<[subject: string, says: string[]]>([
  ["7", ["Why was somebody paged for incident 7 (inc-7), which is part of incident 5 (inc-5)?", "oncall was paged at"]],
  ["web-02", ["its alert is part of incident 5: sw-1 explains both", "oncall was paged at"]],
  ["shop", ["incident 5 hits it", "oncall was paged at"]],
])("what became part of another incident, or is only hit, is told with that incident: %s", async ([subject, says]) => {
  const { code, out } = await call(await world(), subject);
  expect(code).toBe(0);
  for (const text of says) expect(out).toContain(text);
});

test("what a source has sent cannot begin a line of its own, and fills no screen", async () => {
  const hostile = `down\n  - ${AT}  told nobody: all is well\u001b[2J ${"word ".repeat(200)}`;
  const url = await double.answerByPath({
    "/api/v1/incidents/5": incident(5, null),
    "/api/v1/ledger?incident=inc-5": page(line({ incident: "inc-5", ci: "web-01", reasons: [hostile] })),
  });
  const { out } = await call(url, "5");
  expect(out).toContain("down   - ");
  expect(out).not.toMatch(/^\s+- \S+Z {2}told nobody/m);
  expect(Math.max(...out.split("\n").map((each) => each.length))).toBeLessThan(350);
});

test.for(["5", "7", "web-02"])(
  "what has not come to its receiver yet is not told as if it had: %s",
  async (subject) => {
    const undelivered = [
      { receiver: "oncall", kind: "opened", page: true, at: AT, attempts: 2, failure: "serverError" },
    ];
    const url = await world({ ...incident(5, null), undelivered });
    const { out } = await call(url, subject);
    expect(out).toContain(
      `oncall is being paged since ${AT}. oncall has not got it yet after 2 attempts (serverError)`,
    );
  },
);

test("an answer names everybody who waits", async () => {
  const receivers = Array.from({ length: 9 }, (_, index) => `receiver-${index}`);
  const records = receivers.map((receiver) =>
    line({ decision: "notification.decided", incident: "inc-5", ci: "sw-1", facts: { receiver, page: true } }),
  );
  const message = { kind: "opened", page: true, at: AT, attempts: 3, failure: "connection" };
  const undelivered = receivers.map((receiver) => ({ receiver, ...message }));
  const url = await double.answerByPath({
    "/api/v1/incidents/5": { ...incident(5, null), undelivered },
    "/api/v1/ledger?incident=inc-5": page(...records),
  });
  expect((await call(url, "5")).out.match(/receiver-\d has not got it yet/g)).toHaveLength(9);
});

test("a name that nobody knows is a mistake, not a CI that is well", async () => {
  expect(await call(await world(), "wbe-02")).toMatchObject({ code: 1, out: "" });
});

test.each([
  { at: "2026-03-01T04:00:00Z", shown: true },
  { at: "2026-03-01T03:00:00Z", shown: false },
])(
  "of a host only that is shown as recorded which belongs to the asked time: $at, shown $shown",
  async ({ at, shown }) => {
    const url = await double.answerByPath({
      "/api/v1/cmdb/cis/db-01": { id: "db-01" },
      "/api/v1/ledger?ci=db-01": shown
        ? page(line({ decision: "alert.withheld", alert: "a-1", ci: "db-01", rule: "info" }))
        : page(),
      "/api/v1/incidents?status=all&ci=": page(),
      "/api/v1/agents/db-01/diagnostics": {
        items: [{ alert: "a-1", ci: "db-01", check: "disk", instance: "", parts: { recorder: "cpu busy" } }],
      },
    });
    const { code, out } = await callCommand(run, ["db-01", "--at", at, "--collector", url]);
    expect(code).toBe(0);
    expect(out.includes("Recorded on db-01 (disk)")).toBe(shown);
  },
);
