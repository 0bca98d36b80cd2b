import { expect, test } from "vitest";
import { sampleIncident } from "../../test/support/sample-notification.ts";
import { cardsIn, cardsOf, hasOwnName } from "./ci-card.ts";

const ci = {
  id: "db-2",
  type: "database",
  name: "Orders",
  aliases: [],
  labels: {},
  owner: "team-db",
  criticality: null,
  minHealthy: null,
  known: true,
};

test("an incident's cards are of its root cause and of the services hit, each once", () => {
  const { rootCause, impact } = sampleIncident();
  const asked: string[] = [];
  const cards = cardsIn({ rootCause, impact }, (id) => {
    asked.push(id);
    return id === "db-2" ? { id, name: "Orders", type: "database", owner: "team-db" } : undefined;
  });
  expect(asked).toEqual(["db-2", "checkout"]);
  expect(cards).toEqual([{ id: "db-2", name: "Orders", type: "database", owner: "team-db" }]);
});

test("nobody has a card of what the CMDB does not know", () => {
  const cardOf = cardsOf((name) => (name === "db-2" ? ci : name === "stray" ? { ...ci, known: false } : undefined));
  expect(cardOf("db-2")).toEqual({ id: "db-2", name: "Orders", type: "database", owner: "team-db" });
  expect(cardOf("stray")).toBeUndefined();
  expect(cardOf("nothing")).toBeUndefined();
});

test.for([
  ["Orders", true],
  ["DB-2", false],
  ["", false],
] as const)("a name %o beside the id db-2", ([name, isOwn]) => {
  expect(hasOwnName({ id: "db-2", name, type: "database", owner: null })).toBe(isOwn);
});
