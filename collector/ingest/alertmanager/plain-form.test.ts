import { isUtf8 } from "node:buffer";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_CI_LABELS } from "../ci-label.ts";
import { UNSAFE_NAMES } from "../field.ts";
import { InvalidAlert } from "../prometheus-alert.ts";
import { type PlainForm, readPlainForm } from "./plain-form.ts";
import { PostedAlerts } from "./posted-alert.ts";

const NOW = Date.parse("2026-03-01T10:00:00Z");
const posted = new PostedAlerts(
  { ciLabels: DEFAULT_CI_LABELS, isKnownCi: () => false, unstatedSeverity: "major", resolveTimeoutMs: 300_000 },
  NOW,
);

/** As it lies in a body; undefined = it is not in the form. */
function read(
  text: string | Uint8Array,
): (PlainForm & { of: (part: "starts" | "ends" | "severity") => string }) | undefined {
  const bytes = Buffer.concat([Buffer.from("["), Buffer.from(text as Uint8Array), Buffer.from(",")]);
  const found = { to: 0, startsFrom: 0, startsTo: 0, endsFrom: 0, endsTo: 0, severityFrom: 0, severityTo: 0 };
  if (!readPlainForm(bytes, 1, found)) return undefined;
  return { ...found, of: (part) => bytes.toString("utf8", found[`${part}From`], found[`${part}To`]) };
}

test("an alert as Prometheus sends it", () => {
  const alert = {
    annotations: {
      summary: 'Latency on "web-1"\nis high \u2192 5 s',
      runbook_url: "https://runbooks.example.net/a\\b",
    },
    endsAt: "2026-03-01T10:04:00.123Z",
    startsAt: "2026-03-01T09:00:00.123+01:00",
    generatorURL: "http://prometheus:9090/graph?g0.expr=up%3D%3D0",
    labels: { alertname: "Latency", container: "web", severity: "critical", instance: "web-1:9100" },
  };
  const text = JSON.stringify(alert);
  const found = read(text);
  expect(found?.to).toBe(1 + Buffer.byteLength(text));
  expect(["starts", "ends", "severity"].map((part) => found?.of(part as "starts"))).toEqual([
    alert.startsAt,
    alert.endsAt,
    "critical",
  ]);
});

const fine = '"labels":{"a":"b"}';

test.for<[what: string, text: string]>([
  ["no labels", '{"endsAt":"2026-03-01T10:04:00Z"}'],
  ["labels of nothing", '{"labels":{}}'],
  ["labels that are all empty", '{"labels":{"a":""}}'],
  ["a label that is empty in the end", '{"labels":{"a":"b","a":""}}'],
  ["two severities", '{"labels":{"severity":"info","severity":"critical"}}'],
  ["two labels", `{${fine},${fine}}`],
  ["two ends", `{${fine},"endsAt":"2026-03-01T10:04:00Z","endsAt":"2026-03-01T10:05:00Z"}`],
  ["an end with an escape", `{${fine},"endsAt":"2026\\u002d03"}`],
  ["an end that is null", `{${fine},"endsAt":null}`],
  ["a beginning that is no time", `{${fine},"startsAt":"soon"}`],
  ["a field of another kind", `{${fine},"status":"firing"}`],
  ["a name with an escape", '{"labels":{"\\u005f_proto__":"b"}}'],
  ...[...UNSAFE_NAMES].map((name): [string, string] => [`the name ${name}`, `{"labels":{"${name}":"b"}}`]),
  ["a name of nothing", '{"labels":{"":"b"}}'],
  ["a label that is a number", '{"labels":{"a":1}}'],
  ["a map in a map", '{"labels":{"a":{"b":"c"}}}'],
  ["annotations that are a list", `{${fine},"annotations":[]}`],
  ["spaces", '{ "labels":{"a":"b"}}'],
  ["a control character", '{"labels":{"a":"\u0001"}}'],
  ["an escape that is none", '{"labels":{"a":"\\x41"}}'],
  ["an escape with too few digits", '{"labels":{"a":"\\u12"}}'],
  ["a comma too many", `{${fine},}`],
  ["an end that is missing", `{${fine}`],
  [
    "too many labels",
    JSON.stringify({ labels: Object.fromEntries(Array.from({ length: 65 }, (_, at) => [`n${at}`, "x"])) }),
  ],
  ["a label that is too long", JSON.stringify({ labels: { a: "x".repeat(4097) } })],
  ["an address that is too long", JSON.stringify({ labels: { a: "b" }, generatorURL: "x".repeat(8193) })],
])("not in the form: %s", ([, text]) => {
  expect(read(text)).toBeUndefined();
});

/** Mostly what is in the form, and now and then what is not. */
const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: odd });
const word = fc.constantFrom("a", "severity", "alertname", "container", "component");
const name = fc.oneof(
  { weight: 40, arbitrary: word },
  { weight: 1, arbitrary: fc.constantFrom("constructor", "__proto__", "prototype", "") },
  { weight: 4, arbitrary: fc.string({ maxLength: 12, unit: "binary" }) },
);
const text = fc.oneof(fc.constantFrom("", "critical", "b"), fc.string({ unit: "binary" }));
const map = fc.dictionary(name, mostly(text, fc.jsonValue()) as fc.Arbitrary<string>, { minKeys: 1 });
const valid = fc.constantFrom("2026-03-01T10:04:00Z", "2026-03-01T09:04:00.5+01:00", "0001-01-01T00:00:00Z");
const time = mostly(valid, fc.constantFrom("10:04", "", "Z"));
const alert = fc
  .record(
    { labels: map, annotations: map, startsAt: time, endsAt: time, generatorURL: text },
    { requiredKeys: ["labels"] },
  )
  .chain((fields) =>
    mostly(
      fc.constant(fields),
      fc.jsonValue().map((other) => ({ ...fields, other })),
    ),
  );
/** Some bytes of it in other places, or gone. */
const slip = fc.record({ at: fc.nat(400), from: fc.nat(400), length: fc.nat(12), gone: fc.nat(6) });

function slipped(
  whole: Buffer,
  { at, from, length, gone }: { at: number; from: number; length: number; gone: number },
): Buffer {
  return Buffer.concat([whole.subarray(0, at), whole.subarray(from, from + length), whole.subarray(at + gone)]);
}

test("what is in the form is valid, is taken when it is parsed, and says what was read", () => {
  let taken = 0;
  fc.assert(
    fc.property(alert, fc.oneof(fc.constant([]), fc.array(slip, { maxLength: 2 })), (made, slips) => {
      const bytes = slips.reduce(slipped, Buffer.from(JSON.stringify(made)));
      const found = isUtf8(bytes) ? read(bytes) : undefined;
      if (found === undefined) return;
      taken += 1;
      const value = JSON.parse(bytes.subarray(0, found.to - 1).toString()) as Record<string, unknown>;
      const said = (field: string, part: "starts" | "ends"): unknown =>
        expect(value[field]).toBe(found[`${part}From`] === 0 ? undefined : found.of(part));
      said("startsAt", "starts");
      said("endsAt", "ends");
      const { severity } = value["labels"] as { severity?: string };
      expect(severity).toBe(found.severityFrom === 0 ? undefined : (JSON.parse(`"${found.of("severity")}"`) as string));
      try {
        posted.check(value, NOW);
      } catch (error) {
        // The times are read apart.
        if (!(error instanceof InvalidAlert)) throw error;
        expect(() => posted.timesOf(value["startsAt"], value["endsAt"], NOW)).toThrow(error.message);
      }
    }),
    { numRuns: 3000 },
  );
  expect(taken).toBeGreaterThan(300);
});
