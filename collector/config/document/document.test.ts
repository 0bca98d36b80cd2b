import { anything, array, assert, jsonValue, nat, property, string } from "fast-check";
import { expect, test } from "vitest";
import { textPiece } from "../../../test/support/text-slip.ts";
import { type ReadResult, readDocument } from "./document.ts";
import { type DataPath, Problems } from "./problem.ts";

const OPTIONS = { prefix: "TEST", sizeMaxBytes: 100_000, yamlSizeMaxBytes: 50_000 };

function read(text: string, file = "a.yaml"): ReadResult {
  return readDocument(text, file, OPTIONS);
}

function place(text: string, path: DataPath, part: "key" | "value", file = "a.yaml"): [number, number] {
  const result = read(text, file);
  if (result.status === "broken") throw new Error(JSON.stringify(result.findings));
  const problems = new Problems();
  problems.error("TEST_X", path, "x", "", part);
  const [found] = result.document.locate(problems.all());
  return [found?.line ?? 0, found?.column ?? 0];
}

const YAML = `# comment
receivers:
  hook:
    webhook: { url: "https://x", secret: &s abc }
  list:
  - one
  - two: *s
`;
const JSON_TEXT = `{
  "a": { "b": [1, {"c": null}, "x\\"y"],
    "é\\u0041": true }
}`;

test.for<[text: string, path: DataPath, part: "key" | "value", line: number, column: number]>([
  [YAML, ["receivers"], "key", 2, 1],
  [YAML, ["receivers", "hook"], "key", 3, 3],
  [YAML, ["receivers", "hook", "webhook", "url"], "value", 4, 21],
  [YAML, ["receivers", "list", 1, "two"], "key", 7, 5],
  [YAML, ["receivers", "list", 1, "two"], "value", 7, 10],
  [YAML, ["receivers", "hook", "nothing"], "value", 4, 5],
  [YAML, [], "value", 2, 1],
  [YAML, ["receivers", 0, "hook", "webhook", 0, "url"], "value", 4, 21],
  [JSON_TEXT, ["a", 0, "b", 0], "value", 2, 16],
  [JSON_TEXT, ["a"], "key", 2, 3],
  [JSON_TEXT, ["a", "b", 0], "value", 2, 16],
  [JSON_TEXT, ["a", "b", 1, "c"], "key", 2, 20],
  [JSON_TEXT, ["a", "b", 1, "c"], "value", 2, 25],
  [JSON_TEXT, ["a", "b", 2], "value", 2, 32],
  [JSON_TEXT, ["a", "éA"], "value", 3, 16],
  [JSON_TEXT, ["a", "missing"], "value", 2, 8],
])("%# finds %j", ([text, path, part, line, column]) => {
  expect(place(text, path, part)).toEqual([line, column]);
});

test.for<[situation: string, text: string, file: string, line: number, column: number]>([
  ["a tab", "a:\n\tb: 1", "a.yaml", 2, 1],
  ["a key twice", "a: 1\nb: 2\na: 3", "a.yaml", 3, 1],
  ["two documents", "a: 1\n---\nb: 2", "a.yaml", 2, 1],
  ["an open quote", 'a: "b', "a.yaml", 1, 6],
  ["JSON cut off", '{"a": [1, 2', "a.json", 1, 12],
  ["JSON with a trailing comma", '{\n  "a": 1,\n}', "a.json", 3, 1],
  ["JSON with a comment", '{ // x\n "a": 1 }', "a.json", 1, 3],
  ["JSON with a bad number", '{"a": 01}', "a.json", 1, 8],
  ["an alias without anchor", "a: *b", "a.yaml", 1, 4],
  ["JSON with a key twice", '{"a": [{"b": 1,\n "\\u0062": 2}], "c": {"b": 3}}', "a.json", 2, 2],
  ["a bracket that is never closed", "a: { b: { c: 1 }\n", "a.yaml", 2, 1],
])("%s is told where it is", ([, text, file, line, column]) => {
  const result = read(text, file);
  expect(result).toMatchObject({ status: "broken", findings: [{ code: "TEST_SYNTAX", file, line, column }] });
});

test("each mistake is told once, in words for who writes files", () => {
  const told = (text: string): string[] => {
    const result = read(text);
    return result.status === "read" ? [] : result.findings.map(({ message, hint }) => `${message}; ${hint}`);
  };
  expect(told("a: { b: { c: 1 }\n")).toHaveLength(1);
  expect(told("a: 1\n---\nb: 2")).toEqual([
    "this file holds more than one document; remove the line ---, or split the file",
  ]);
  expect(told('{"a": 1, "a": 2}')).toEqual(['the key "a" stands here for the second time; remove or rename one']);
});

test("an alias bomb is refused at once", () => {
  const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"];
  for (let i = 1; i < 10; i += 1)
    lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(", ")}]`);
  const startedAt = performance.now();
  expect(read(lines.join("\n")).status).toBe("broken");
  expect(performance.now() - startedAt).toBeLessThan(2000);
});

test.for([
  ["deep YAML", `${"[".repeat(20_000)}${"]".repeat(20_000)}`],
  ["deep YAML, not closed", "[".repeat(40_000)],
  ["too large", `a: ${"x".repeat(60_000)}`],
] as const)("%s is told, not thrown", ([, text]) => {
  const result = readDocument(text, "a.yaml", OPTIONS);
  if (result.status === "read") expect(Array.isArray(result.document.value)).toBe(true);
  else expect(result.findings[0]?.line).toBeGreaterThan(0);
});

test("`__proto__` in a file harms nothing", () => {
  for (const text of ['{"__proto__": {"bad": 1}}', "__proto__: { bad: 1 }"]) {
    const result = read(text);
    expect(result.status).toBe("read");
    expect(({} as Record<string, unknown>)["bad"]).toBeUndefined();
  }
});

test("any text is read or told, and every place lies in the text", () => {
  assert(
    property(array(textPiece, { maxLength: 40 }), string(), (pieces, tail) => {
      const result = read(pieces.join("") + tail);
      if (result.status === "broken")
        for (const found of result.findings) {
          expect(found.line).toBeGreaterThan(0);
          expect(found.column).toBeGreaterThan(0);
        }
    }),
    { numRuns: 2000 },
  );
});

test("every path into a JSON value leads to the text of that value", () => {
  assert(
    property(jsonValue(), nat(), (value, spaces) => {
      const text = JSON.stringify(value, null, spaces % 4);
      const paths: DataPath[] = [];
      const walk = (at: unknown, path: DataPath): void => {
        paths.push(path);
        if (Array.isArray(at)) at.forEach((item, index) => walk(item, [...path, index]));
        else if (at !== null && typeof at === "object")
          for (const key of Object.keys(at)) walk((at as Record<string, unknown>)[key], [...path, key]);
      };
      walk(value, []);
      const result = read(text, "a.json");
      if (result.status !== "read") throw new Error(`not read: ${text}`);
      for (const path of paths) {
        const problems = new Problems();
        problems.error("TEST_X", path, "x");
        const found = result.document.locate(problems.all())[0];
        const line = text.split("\n")[(found?.line ?? 0) - 1] ?? "";
        const wanted = path.reduce<unknown>((at, step) => (at as Record<string, unknown>)[String(step)], value);
        const first = JSON.stringify(wanted)[0] ?? "";
        expect(line[(found?.column ?? 0) - 1]).toBe(first);
      }
    }),
    { numRuns: 300 },
  );
});

test("fast-check's wildest values do not break the search for places", () => {
  assert(
    property(array(anything(), { maxLength: 3 }), (steps) => {
      const problems = new Problems();
      problems.error(
        "TEST_X",
        steps.map((step) => (typeof step === "number" ? step : typeof step)),
        "x",
      );
      const result = read(YAML);
      if (result.status === "read") expect(result.document.locate(problems.all())[0]?.line).toBeGreaterThan(0);
    }),
  );
});
