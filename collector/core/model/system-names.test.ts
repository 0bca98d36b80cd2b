import { expect, test } from "vitest";
import { ciOf, cmdbOf } from "../../../test/support/core-driver.ts";
import { SystemNames } from "./system-names.ts";
import { Topology } from "./topology.ts";

function systemsOf(cis: Record<string, string>, relations: string[]): SystemNames {
  const known = Object.entries(cis).map(([id, type]) => ciOf(id, { type }));
  return new SystemNames(new Topology(cmdbOf(relations, known)));
}

const SHOP = systemsOf(
  {
    "pay-web-1": "application",
    "pay-web-2": "application",
    "pay-db": "database",
    "cart-web-1": "application",
    "cart-web-2": "application",
    "cart-db": "database",
  },
  ["pay", "cart"].flatMap((name) => [`${name}-web-1 dependsOn ${name}-db`, `${name}-web-2 dependsOn ${name}-db`]),
);

test("CIs of different types that need each other and share a word are one system", () => {
  expect(SHOP.of("pay-web-1")).not.toBeNull();
  expect(SHOP.of("pay-web-1")).toBe(SHOP.of("pay-db"));
  expect(SHOP.of("pay-db")).not.toBe(SHOP.of("cart-db"));
});

test("a CI that the CMDB does not know is of the system that its name tells, also by its full name", () => {
  expect(SHOP.of("pay-queue.example.net")).toBe(SHOP.of("pay-db"));
});

test("what a word says of the kind of a CI is no system", () => {
  expect(SHOP.of("web-9")).toBeNull();
  expect(SHOP.of("other-db")).toBeNull();
});
