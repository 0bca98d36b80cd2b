import { expect, test } from "vitest";
import { validateWhenAsked } from "./validation.ts";

const SCHEMA = { type: "object", properties: { size: { type: "integer" } } };
const OPTIONS = { customOptions: {}, plugins: [], mode: "ajv" } as const;

type Route = { schema: object };
type Check = ((value: unknown) => unknown) & { errors?: unknown[] | null };

/** A validator of one route, and how often a compiler was made. */
function validation(): { lazy: ReturnType<typeof validateWhenAsked>; check: Check } {
  const lazy = validateWhenAsked();
  const compile = lazy.build({}, OPTIONS as never) as unknown as (route: Route) => Check;
  return { lazy, check: compile({ schema: SCHEMA }) };
}

test.each([false, true])("what is wrong with a value stands on the validator; prepared before: %s", (isPrepared) => {
  const { lazy, check } = validation();
  if (isPrepared) lazy.prepare();
  expect(check({ size: 1 })).toBe(true);
  expect(check.errors).toBeNull();
  expect(check({ size: "big" })).toBe(false);
  expect(check.errors).toMatchObject([{ instancePath: "/size", keyword: "type" }]);
});

test("schemas are handed over when asked or prepared, once, and not before", () => {
  const read: string[] = [];
  const schemas = new Proxy({}, { ownKeys: () => (read.push("schemas"), []) });
  const lazy = validateWhenAsked();
  const compile = lazy.build(schemas, OPTIONS as never) as unknown as (route: Route) => Check;
  const check = compile({ schema: SCHEMA });
  expect(read).toEqual([]);
  lazy.prepare();
  const handedOver = read.length;
  expect(handedOver).toBeGreaterThan(0);
  check({});
  lazy.prepare();
  expect(read).toHaveLength(handedOver);
});
