import { expect, test } from "vitest";
import { recipesOf } from "./recipes.ts";
import { generate } from "./scenario.ts";

const small = recipesOf("dev").filter(({ size }) => size <= 80);

test("the same recipe gives the same scenario", () => {
  const [recipe] = small;
  expect(generate(recipe!)).toEqual(generate(recipe!));
  expect(generate({ ...recipe!, seed: "another" })).not.toEqual(generate(recipe!));
});

test.for(small.map((recipe) => [recipe.name, recipe] as const))("%s is a whole scenario", ([, recipe]) => {
  const { lines, truth } = generate(recipe);
  const events = lines.map((line) => JSON.parse(line) as Record<string, string>);
  const arrivals = events.map(({ receivedAt }) => Date.parse(receivedAt ?? ""));
  expect(arrivals).toEqual([...arrivals].sort((a, b) => a - b));
  const faults = new Set(truth.faults.map(({ id }) => `fault:${id}`));
  for (const { id = "", status, kind } of events) {
    const [label = "", , state] = (truth.events[id] ?? "").split("|");
    expect(label).toMatch(/^(fault|noise|chronic|flapping|maintenance|change|ignore):/);
    if (label.startsWith("fault:")) expect(faults).toContain(label);
    expect(state).toBe(kind === "change" ? "C" : status === "firing" ? "F" : "R");
  }
  expect(Object.keys(truth.events)).toHaveLength(new Set(events.map(({ id }) => id)).size);
});

test("nothing that is held out is also for development", () => {
  const dev = new Set(recipesOf("dev").map(({ name, seed }) => `${name} ${seed}`));
  expect(recipesOf("held-out").filter(({ name, seed }) => dev.has(`${name} ${seed}`))).toEqual([]);
});
