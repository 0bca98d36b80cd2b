import { isUtf8 } from "node:buffer";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { idAt, REF_LENGTH, refsOf, UNKNOWN_PLACE } from "../../core/model/alert-ref.ts";
import type { Outcome } from "../../core/model/effect.ts";
import type { Event } from "../../core/model/event.ts";
import { DEFAULT_CI_LABELS } from "../ci-label.ts";
import { AlertReader, type ReadAlerts } from "./alert-reader.ts";

const NOW = Date.parse("2026-03-01T10:00:00Z");

const reader = (): AlertReader =>
  new AlertReader(
    {
      ciLabels: DEFAULT_CI_LABELS,
      isKnownCi: () => false,
      unstatedSeverity: "major",
      resolveTimeoutMs: 300_000,
      rememberedMax: 100,
      alertsMax: 50,
      seeds: [1, 2],
      placeOf: () => UNKNOWN_PLACE,
    },
    NOW,
  );

const alert = (name: string, endsAt = "2026-03-01T10:04:00Z", more: object = {}): Record<string, unknown> => ({
  labels: { alertname: name, instance: `${name}:9100` },
  endsAt,
  ...more,
});

/** The news of a body, as its letter says it. */
function eventsOf(from: AlertReader, { news }: ReadAlerts, bytes: Buffer): Event[] {
  const submissions = from.readLetter({ body: news.body(bytes, false), receivedAt: NOW });
  expect(submissions).toHaveLength(news.count);
  return submissions.flatMap((each) => (each.kind === "event" ? [each.event] : []));
}

/** An alert's id is its name, in code units. */
const idOfName = (name: string): string => `a-${Buffer.from(name).toString("hex").padEnd(16, "0")}`;
const nameOf = (id: string): string => String.fromCharCode(...Buffer.from(id.slice(2), "hex")).replaceAll("\0", "");
const namesOf = (alerts: readonly number[]): string[] =>
  Array.from({ length: alerts.length / REF_LENGTH }, (_, index) => nameOf(idAt(alerts, index)));

/** Reads a body and lets all of it be taken. */
function post(
  from: AlertReader,
  list: unknown,
  missed: readonly string[] = [],
): { known: AlertReader; read: ReadAlerts; bytes: Buffer; left: ReadAlerts } {
  const bytes = Buffer.from(typeof list === "string" ? list : JSON.stringify(list));
  const read = from.readBody(bytes, NOW);
  if (read === undefined) throw new Error("not read");
  const taken = { status: "accepted", incident: null } as const;
  from.learn(
    read.lessons,
    eventsOf(from, read, bytes).map((event): Outcome => ({ ...taken, alert: idOfName(event.check) })),
  );
  const outcomes = read.groups.map(({ unchanged }): Outcome => {
    const names = namesOf(unchanged.alerts);
    return { ...taken, alert: null, missed: names.flatMap((name, index) => (missed.includes(name) ? [index] : [])) };
  });
  return { known: from, read, bytes, left: from.missedOf(bytes, read, outcomes, NOW) };
}

/** `A` = an event, `(B C)` = said again until the same moment. */
const told = ({ known, read, bytes }: Pick<ReturnType<typeof post>, "known" | "read" | "bytes">): string =>
  [
    ...read.groups.map(({ unchanged }) => `(${namesOf(unchanged.alerts).join(" ")})`),
    ...eventsOf(known, read, bytes).map(({ check, status }) => `${check}${status === "resolved" ? " ends" : ""}`),
  ].join(", ");

test("what was taken is said again the next time, in whatever order and company", () => {
  const known = reader();
  expect(told(post(known, [alert("A"), alert("B"), alert("C")]))).toBe("A, B, C");
  const later = "2026-03-01T10:05:00Z";
  const again = post(known, [alert("C", later), alert("A", later), alert("N", later), alert("B", later)]);
  const { read } = again;
  expect(told(again)).toBe("(C A B), N");
  // All of it goes into the journal: nothing that only the reader needs.
  expect(read.groups[0]?.unchanged).toEqual({
    kind: "again",
    alerts: refsOf(["C", "A", "B"].map(idOfName)),
    expiresAt: Date.parse(later),
    expiresAfterMs: 300_000,
    occurredAt: NOW,
  });
  expect(read.count).toBe(4);
});

test("alerts with different ends stand in groups of their own", () => {
  const known = reader();
  post(known, [alert("A"), alert("B"), alert("C")]);
  const [one, two] = ["2026-03-01T10:05:00Z", "2026-03-01T10:06:00Z"];
  expect(told(post(known, [alert("A", one), alert("B", two), alert("C", one)]))).toBe("(A C), (B)");
  const endless = { labels: { alertname: "E" } };
  post(known, [endless]);
  expect(told(post(known, [endless, alert("A", two), endless, alert("B", two)]))).toBe("(E E), (A B)");
});

test.for<[situation: string, change: Record<string, unknown>]>([
  ["other annotations", { annotations: { summary: "worse" } }],
  ["another beginning", { startsAt: "2026-03-01T09:00:00Z" }],
  ["another generator", { generatorURL: "http://prometheus/graph" }],
  ["an end that is no time", { endsAt: "2026-03-01T99:04:00Z" }],
  ["two ends", JSON.parse('{"endsat":1}') as Record<string, unknown>],
])("not as it was: %s", ([, change]) => {
  const known = reader();
  post(known, [alert("A")]);
  expect(told(post(known, [{ ...alert("A"), ...change }]))).not.toContain("(");
});

test("an end in the past is an event, and none is the resolve timeout", () => {
  const known = reader();
  post(known, [alert("A")]);
  expect(told(post(known, [alert("A", "2026-03-01T09:59:59Z")]))).toBe("A ends");
  const endless = { labels: { alertname: "E" } };
  post(known, [endless]);
  expect(post(known, [endless]).read.groups).toMatchObject([{ unchanged: { expiresAt: NOW + 300_000 } }]);
});

test("of two senders who differ the one that spoke last is right", () => {
  const known = reader();
  const [one, two] = ["one", "two"].map((summary) => alert("A", undefined, { annotations: { summary } }));
  for (const sent of [one, two, one, two]) expect(told(post(known, [sent]))).toBe("A");
});

test("what the core misses goes the long way, and is known again after the next time", () => {
  const known = reader();
  post(known, [alert("A"), alert("B")]);
  const { left, bytes } = post(known, [alert("A"), alert("B")], ["B"]);
  expect(told({ known, read: left, bytes })).toBe("B");
  expect(told(post(known, [alert("A"), alert("B")]))).toBe("(A), B");
  expect(told(post(known, [alert("A"), alert("B")]))).toBe("(A B)");
});

test("what was not taken, and what alerts mean no longer, is not known", () => {
  const known = reader();
  const bytes = Buffer.from(JSON.stringify([alert("A")]));
  const read = known.readBody(bytes, NOW) as ReadAlerts;
  known.learn(read.lessons, [{ status: "rejected", code: "tooManyAlerts", message: "" }]);
  expect(told(post(known, [alert("A")]))).toBe("A");
  known.forgetAll();
  expect(told(post(known, [alert("A")]))).toBe("A");
});

test("an end written twice, or with escapes, is not believed to be the one that was read", () => {
  const known = reader();
  const twice = (end: string): string =>
    `[{"labels":{"alertname":"A"},"endsAt":"2026-03-01T10:04:00Z","endsAt":"${end}"}]`;
  const escaped = (end: string): string => `[{"labels":{"alertname":"B"},"endsAt":"${end}","ends\\u0041t":"${end}"}]`;
  for (const body of [twice("2026-03-01T10:05:00Z"), escaped("2026-03-01T10:05:00Z")])
    for (const _ of [1, 2]) expect(told(post(known, body))).not.toContain("(");
});

test("invalid alerts are told by their places among the known ones", () => {
  const known = reader();
  post(known, [alert("A")]);
  const { read } = post(known, [alert("A"), { labels: {} }, alert("A"), { labels: { a: 1 } }]);
  expect(read.faults.map((fault) => fault.split(":", 1)[0])).toEqual(["alert 1", "alert 3"]);
  expect(read).toMatchObject({ invalid: 2, count: 4 });
});

test("a body that is no JSON in one place is not read at all", () => {
  const known = reader();
  post(known, [alert("A")]);
  for (const body of ['[{"labels":{"alertname":"A"}},{"labels":}]', "[{},", "{}", '[{"a":tru}]'])
    expect(known.readBody(Buffer.from(body), NOW)).toBeUndefined();
  const many = JSON.stringify(Array.from({ length: 51 }, (_, index) => alert(`N${index}`)));
  expect(() => known.readBody(Buffer.from(many), NOW)).toThrow("more than 50 alerts");
});

test("a body says the same whether it is scanned or parsed as a whole", () => {
  const any = fc.record(
    {
      labels: fc.dictionary(fc.constantFrom("alertname", "instance", "severity", "ünï"), fc.string(), { maxKeys: 3 }),
      annotations: fc.dictionary(fc.string(), fc.string(), { maxKeys: 2 }),
      endsAt: fc.constantFrom("2026-03-01T10:04:00Z", "2026-03-01T09:00:00Z", "0001-01-01T00:00:00Z", "x", null, 1),
      startsAt: fc.constantFrom("2026-03-01T09:04:00Z", "0001-01-01T00:00:00Z"),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(any, { maxLength: 20 }), (list) => {
      const text = JSON.stringify(list);
      const [one, two] = [reader(), reader()];
      const scanned = one.readBody(Buffer.from(text), NOW) as ReadAlerts;
      const parsed = two.readList(JSON.parse(text), NOW);
      expect({ ...scanned, lessons: null, news: null }).toEqual({ ...parsed, lessons: null, news: null });
      expect(eventsOf(one, scanned, Buffer.from(text))).toEqual(eventsOf(two, parsed, Buffer.from(text)));
    }),
    { numRuns: 200 },
  );
});

test("whatever bytes change in a body of known alerts, it says what it says when it is parsed, or nothing", () => {
  const list = [alert("A"), alert("B", "2026-03-01T10:05:00Z", { annotations: { summary: 'ä "q" \\ {' } }), alert("C")];
  const good = Buffer.from(JSON.stringify(list));
  const byte = fc.oneof(fc.constantFrom(...Buffer.from('"\\{}[],: 0Zeé')), fc.nat(127));
  const change = fc.record({ at: fc.nat(good.length - 1), byte, mode: fc.constantFrom("set", "insert", "delete") });
  /** Each alert with its end, in order; a repetition stands for the alert's last event. */
  const said = (from: AlertReader, read: ReadAlerts, body: Buffer, known: ReadonlyMap<string, unknown>): unknown[] => [
    ...eventsOf(from, read, body).map(({ check, status, expiresAt, labels }) => [check, status, expiresAt, labels]),
    ...read.groups.flatMap(({ unchanged: { alerts, expiresAt } }) =>
      namesOf(alerts).map((name) => [name, "firing", expiresAt, known.get(name)]),
    ),
  ];
  const byText = (lines: unknown[]): string[] => lines.map((line) => JSON.stringify(line)).sort();
  const labels = new Map(list.map((one) => [(one["labels"] as { alertname: string }).alertname, one["labels"]]));
  fc.assert(
    fc.property(fc.array(change, { maxLength: 3 }), (changes) => {
      const known = reader();
      post(known, list);
      const bytes = [...good];
      for (const { at, byte: to, mode } of changes)
        bytes.splice(at, mode === "insert" ? 0 : 1, ...(mode === "delete" ? [] : [to]));
      const body = Buffer.from(bytes);
      if (!isUtf8(body)) return;
      const read = known.readBody(body, NOW);
      let parsed: unknown;
      try {
        parsed = JSON.parse(body.toString());
      } catch {
        parsed = undefined;
      }
      if (!Array.isArray(parsed) || parsed.some((one) => typeof one !== "object" || one === null)) {
        expect(read).toBeUndefined();
        return;
      }
      const whole = reader().readList(parsed, NOW);
      expect(byText(said(known, read as ReadAlerts, body, labels))).toEqual(byText(said(known, whole, body, labels)));
      expect(read?.invalid).toBe(whole.invalid);
    }),
    { numRuns: 1_000 },
  );
});
