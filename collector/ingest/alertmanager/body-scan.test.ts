import * as fc from "fast-check";
import { expect, test } from "vitest";
import { BodyScanner, type ScannedAlert } from "./body-scan.ts";

const scanner = new BodyScanner([1, 2]);

interface Found extends ScannedAlert {
  text: string;
  endsAt: string | undefined;
}

function scan(text: string): Found[] | undefined {
  const bytes = Buffer.from(text);
  const found: Found[] = [];
  const isList = scanner.scan(bytes, {
    isKnown: () => false,
    visit: (alert) => {
      const { from, to, endsFrom, endsTo } = alert;
      found.push({
        ...alert,
        text: bytes.toString("utf8", from, to),
        endsAt: endsFrom === 0 ? undefined : bytes.toString("utf8", endsFrom, endsTo),
      });
    },
  });
  return isList ? found : undefined;
}

test.for<[body: string, elements: string[]]>([
  ["[]", []],
  [" [ ] \n", []],
  ['[{"a":1}]', ['{"a":1}']],
  ['\t[ {"a":"}]\\"{"} ,\r\n{"b":[{}]} ] ', ['{"a":"}]\\"{"}', '{"b":[{}]}']],
  ['[{"a":"\\\\"},{}]', ['{"a":"\\\\"}', "{}"]],
])("the elements of %s", ([body, elements]) => {
  expect(scan(body)?.map(({ text }) => text)).toEqual(elements);
});

test.for([
  "",
  "null",
  "{}",
  "[",
  "[1]",
  '[{"a":1}',
  '[{"a":1},]',
  '[{"a":1},2]',
  '[{"a":1}] x',
  "[{}{}]",
  '[{"a":"b]',
  '[{"a":[}]',
  "[{]",
  '[{"a\\',
])("no list of objects: %s", (body) => {
  expect(scan(body)).toBeUndefined();
});

test.for<[object: string, endsAt: string | undefined, isPlain: boolean]>([
  ['{"endsAt":"2026-03-01T10:04:00.000Z"}', "2026-03-01T10:04:00.000Z", true],
  ['{"labels":{},"endsAt" : "2026-03-01T10:04:00+01:00","x":1}', "2026-03-01T10:04:00+01:00", true],
  ['{"labels":{"endsAt":"2026-03-01T10:04:00Z"}}', undefined, true],
  ['{"x":["endsAt"],"y":"endsAt"}', undefined, true],
  ['{"endsAt":null,"startsAt":"2026-03-01T10:04:00Z"}', undefined, true],
  ['{"endsAt":7}', undefined, true],
  ['{"endsAt":{"endsAt":"2026-03-01T10:04:00Z"}}', undefined, true],
  ['{"endsAt":""}', "", false],
  ['{"endsAt":"soon"}', "soon", false],
  ['{"endsAt":"2026\\u002d03"}', "2026\\u002d03", false],
  ['{"endsAt":"2026-03-01T10:04:00Z","endsAt":"2026-03-01T10:05:00Z"}', "2026-03-01T10:05:00Z", false],
  ['{"endsAt":"2026-03-01T10:04:00Z","ends\\u0041t":"2026-03-01T10:05:00Z"}', "2026-03-01T10:04:00Z", false],
])("the end in %s", ([object, endsAt, isPlain]) => {
  const [found] = scan(`[${object}]`) ?? [];
  expect(found).toMatchObject({ isPlain });
  if (endsAt !== "") expect(found?.endsAt).toBe(endsAt);
});

test("every list of objects is found as JSON has it", () => {
  fc.assert(
    fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue())), fc.constantFrom(0, 1, 4), (list, indent) => {
      const found = scan(JSON.stringify(list, null, indent));
      expect(found?.map(({ text }) => JSON.parse(text) as unknown)).toEqual(JSON.parse(JSON.stringify(list)));
    }),
    { numRuns: 300 },
  );
});

test("the hash is of all but the end, wherever it stands", () => {
  const one = {
    labels: { alertname: "A", instance: "web-1:9100" },
    endsAt: "2026-03-01T10:04:00Z",
    generatorURL: "http://p",
  };
  const hash = (alert: object): string => {
    const [found] = scan(`[${JSON.stringify(alert)}]`) ?? [];
    return `${found?.hashA} ${found?.hashB}`;
  };
  expect(hash({ ...one, endsAt: "2026-03-01T10:05:00.123+01:00" })).toBe(hash(one));
  const others = [
    { ...one, generatorURL: "http://q" },
    { ...one, labels: { ...one.labels, instance: "web-2:9100" } },
    { ...one, startsAt: one.endsAt },
    { labels: one.labels, endsAt: one.endsAt },
    { endsAt: one.endsAt, labels: one.labels, generatorURL: one.generatorURL },
  ];
  expect(new Set([one, ...others].map(hash)).size).toBe(6);
});

test("of 200,000 alerts that are much alike no two have the same hash", () => {
  const list = Array.from({ length: 200_000 }, (_, index) => `{"i":"${index}"}`);
  expect(new Set(scan(`[${list.join(",")}]`)?.map(({ hashA, hashB }) => `${hashA} ${hashB}`)).size).toBe(200_000);
});

/** What is found in a body when its alerts are known; how many of them only by a guess. */
function scanKnown(text: string): { texts: string[]; ends: (string | undefined)[]; guesses: number } {
  const bytes = Buffer.from(text);
  const known = new Set(scan(text)?.map(({ hashA, hashB }) => `${hashA} ${hashB}`));
  const found = { texts: [] as string[], ends: [] as (string | undefined)[], guesses: 0 };
  const isList = scanner.scan(bytes, {
    isKnown: ({ hashA, hashB, from, to, endsFrom, endsTo, hasPlainForm }) => {
      if (!known.has(`${hashA} ${hashB}`)) return false;
      found.texts.push(bytes.toString("utf8", from, to));
      found.ends.push(endsFrom === 0 ? undefined : bytes.toString("utf8", endsFrom, endsTo));
      if (!hasPlainForm) found.guesses += 1;
      return true;
    },
    visit: () => expect.fail("each is known"),
  });
  expect(isList).toBe(true);
  return found;
}

const END = "2026-03-01T10:04:00.000Z";
const posted = (summary: string, endsAt: string | undefined = END): object => ({
  annotations: { summary },
  endsAt,
  labels: { alertname: "A" },
});

test.for<[what: string, list: object[], guesses: number]>([
  ["alerts as Prometheus repeats them", [posted("a"), posted("bc"), posted("d")], 2],
  ["none of them says an end", [1, 2, 3].map((index) => ({ labels: { index: `${index}` } })), 2],
  ["each has another end", [posted("a"), posted("b", "2026-03-01T10:05:00Z"), posted("c")], 0],
  ["an end where the one before has none", [{ labels: { a: "1" } }, posted("b"), posted("c")], 1],
  ["none where the one before has one", [posted("a"), { annotations: {}, labels: { a: "1" } }, posted("c")], 0],
  ["a text that has the end in quotes", [posted("a"), { ...posted("b"), generatorURL: `"${END}"` }, posted("c")], 2],
  ["a label that is the end", [posted("a"), { labels: { a: END }, endsAt: END }, posted("c")], 1],
  ["a text that looks like a border", [posted("a"), posted('{"a":"b"}},{"annotations":{"s":"'), posted("c")], 2],
  ["one that is much longer", [posted("a"), posted("b".repeat(2000)), posted("c")], 1],
])("known alerts, guessed at: %s", ([, list, guesses]) => {
  const found = scanKnown(JSON.stringify(list));
  expect(found.texts.map((text) => JSON.parse(text) as unknown)).toEqual(JSON.parse(JSON.stringify(list)));
  expect(found.ends).toEqual(list.map((alert) => (alert as { endsAt?: string }).endsAt));
  expect(found.guesses).toBe(guesses);
});

test("whatever known alerts look like, and in whatever form, each is found as it is", () => {
  const piece = fc.constantFrom(`"${END}"`, '"endsAt":"', "},{", "}]", "{", '"', "\\", END, "a", "é", " ");
  const text = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
  const alert = fc.record(
    {
      annotations: fc.dictionary(text, text, { maxKeys: 2 }),
      endsAt: fc.constantFrom(END, "2026-03-01T10:05:00Z"),
      labels: fc.dictionary(text, text, { maxKeys: 3 }),
    },
    { requiredKeys: ["labels"] },
  );
  fc.assert(
    fc.property(fc.array(alert, { maxLength: 8 }), fc.constantFrom(0, 1), fc.boolean(), (list, indent, isEnded) => {
      const found = scanKnown(JSON.stringify(list, null, indent) + (isEnded ? "\n" : ""));
      expect(found.texts.map((each) => JSON.parse(each) as unknown)).toEqual(JSON.parse(JSON.stringify(list)));
    }),
    { numRuns: 1000 },
  );
});
