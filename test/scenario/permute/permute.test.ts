import { expect, test } from "vitest";
import { recipesOf } from "../generate/recipes.ts";
import { generate } from "../generate/scenario.ts";
import { delayed } from "./delays.ts";
import { type Material, readLines, type TruthFile } from "./material.ts";
import { permuted, variantsOf } from "./permute.ts";

const recipe = recipesOf("dev").find(({ name }) => name === "company-25-single");
if (recipe === undefined) throw new Error("the small company is gone");
const made = generate(recipe);
const material: Material = { cmdb: JSON.stringify(made.cmdb), lines: made.lines, truth: JSON.stringify(made.truth) };
const truthOf = ({ truth }: Material): TruthFile => JSON.parse(truth) as TruthFile;
const idsOf = (text: string): string[] => (JSON.parse(text) as { cis: { id: string }[] }).cis.map(({ id }) => id);

test.for(variantsOf("all"))("%s: every event is still there, in order of arrival, the same each time", (variant) => {
  const found = permuted(material, variant, "seed");
  expect(found).toEqual(permuted(material, variant, "seed"));
  const events = readLines(found.lines);
  const times = events.map(({ receivedAt }) => Date.parse(receivedAt));
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(events.map(({ id }) => id).sort()).toEqual(
    readLines(material.lines)
      .map(({ id }) => id)
      .sort(),
  );
  expect(found.lines).not.toEqual(material.lines);
});

test("names: no old name is left, and what was one CI is one CI", () => {
  const found = permuted(material, "names", "seed");
  const old = idsOf(material.cmdb);
  const now = idsOf(found.cmdb);
  expect(new Set(now).size).toBe(old.length);
  for (const id of old) expect(found.cmdb).not.toContain(`"${id}"`);
  const before = readLines(material.lines).map(({ ci }) => old.indexOf(ci));
  const after = readLines(found.lines).map(({ ci }) => now.indexOf(ci));
  expect(after).toEqual(before);
  expect(truthOf(found).faults.map(({ root }) => now.indexOf(root ?? ""))).toEqual(
    truthOf(material).faults.map(({ root }) => old.indexOf(root ?? "")),
  );
});

test("order: each alert says what it said in the order in which it said it", () => {
  const ids = (lines: readonly string[]): Record<string, string[]> => {
    const said: Record<string, string[]> = {};
    for (const { ci, source, check, instance, id } of readLines(lines))
      (said[[ci, source, check, instance].join(" ")] ??= []).push(id);
    return said;
  };
  expect(ids(permuted(material, "order in a second", "seed").lines)).toEqual(ids(material.lines));
});

test("delays: by the factor 1 nothing moves; by 1.5 a fault is seen half as long again after it began", () => {
  const same = delayed(material, 1);
  const before = readLines(material.lines).map(({ receivedAt }) => Date.parse(receivedAt));
  const moved = readLines(same.lines).map(({ receivedAt }, index) => Date.parse(receivedAt) - (before[index] ?? 0));
  expect(Math.max(...moved.map(Math.abs))).toBeLessThan(200);
  const delay = (of: Material): number => {
    const fault = truthOf(of).faults.find(({ id }) => id === "f3");
    return Date.parse(fault?.firstEventAt ?? "") - Date.parse(fault?.start ?? "");
  };
  expect(delay(delayed(material, 1.5)) / delay(material)).toBeCloseTo(1.5, 1);
});
