import { expect, test } from "vitest";
import { type Common, commonRecord, readCommon, ToldCommon } from "./common.ts";

const COMMON: Common = {
  graphBase: 1,
  readAt: 2,
  orders: 3,
  forgotUntil: 4,
  rootOrders: 5,
  agenda: [null, 1, 2, 3, 4, 5, 6],
  storm: null,
  paged: [{ incident: "inc-1", at: 7 }],
  stale: ["inc-2"],
  fadeAt: null,
};

test.for<{ name: string; other: Partial<Common> }>([
  { name: "the graph has grown", other: { graphBase: 2 } },
  { name: "notes were read again", other: { readAt: 3 } },
  { name: "a note came", other: { orders: 4 } },
  { name: "notes were forgotten", other: { forgotUntil: 5 } },
  { name: "a root was named", other: { rootOrders: 6 } },
  { name: "a solve is due", other: { agenda: [9, 1, 2, 3, 4, 5, 6] } },
  { name: "a storm began", other: { storm: { incident: "inc-1", at: 7 } } },
  { name: "somebody else was woken", other: { paged: [{ incident: "inc-1", at: 8 }] } },
  { name: "nobody is woken any more", other: { paged: [] } },
  { name: "another verdict waits", other: { stale: ["inc-2", "inc-3"] } },
  { name: "no verdict waits any more", other: { stale: [] } },
  { name: "what was learned will fade", other: { fadeAt: 8 } },
])("news once, and stored: $name", ({ other }) => {
  const told = new ToldCommon();
  told.isNews(COMMON);
  expect(told.isNews({ ...COMMON })).toBe(false);
  const changed = { ...COMMON, ...other };
  expect(told.isNews(changed)).toBe(true);
  expect(told.isNews(changed)).toBe(false);
  expect(readCommon(JSON.parse(JSON.stringify(commonRecord(changed))))).toEqual(changed);
});
