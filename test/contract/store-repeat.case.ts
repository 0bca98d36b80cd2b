import { expect } from "vitest";
import { idOf, refsOf } from "../../collector/core/model/alert-ref.ts";
import { type Repeated, RepeatedList } from "../../collector/core/model/repeated.ts";
import type { StoredEntity, Touch } from "../../collector/port/store.ts";
import { T, commit } from "../support/store-commit.ts";
import type { StoreCase } from "./store.case.ts";
import { commits, entitiesOf, entity, loaded, removed } from "./store-entries.ts";

const NAMES = ["again", "alone", "back", "gone", "newer", "put", "touched", "unknown"] as const;
type Name = (typeof NAMES)[number];

/** Ids that begin with any digit, as ours do. */
const idOfName = (name: Name): string => idOf(NAMES.indexOf(name) * 0x2fffffff, -NAMES.indexOf(name));

const put = (name: Name, version: number): StoredEntity =>
  entity("alert", idOfName(name), { status: "firing", version });

const touch = (name: Name, at: number, count: number): Touch => ({
  alert: idOfName(name),
  lastSeenAt: T + at,
  lastOccurredAt: T + at - 1,
  count,
  expiresAfterMs: 1_000,
  expiresAt: T + at + 1_000,
});

/** Said again at a time; the first of them `count` times, each further one once more. */
function said(at: number, count: number, ...names: Name[]): Repeated {
  const list = new RepeatedList(names.length);
  for (const index of names.keys()) list.add(refsOf(names.map(idOfName)), index, count + index);
  return list.with({ seenAt: T + at, occurredAt: T + at - 1, expiresAfterMs: 1_000, expiresAt: T + at + 1_000 });
}

const byId = (a: { id: string }, b: { id: string }): number => (a.id < b.id ? -1 : 1);

/** What was said again, many alerts in one breath. */
export const REPEAT_CASES: StoreCase[] = (["crash", "close"] as const).map((restart) => ({
  name: `what was said again of an alert comes with it after a ${restart}, unless something newer is known`,
  async run(harness) {
    const { store } = await harness.open();
    await commits(
      store,
      commit(1, { entities: NAMES.filter((name) => name !== "unknown").map((name) => put(name, 1)) }),
      commit(2, { touches: [touch("touched", 2, 2), touch("newer", 2, 2)] }),
      commit(3, { repeated: [said(3, 3, "newer", "again", "alone", "put", "gone", "unknown", "back")] }),
      commit(4, { touches: [touch("touched", 4, 9)], repeated: [said(4, 4, "again"), said(5, 5, "again")] }),
      // Of one commit what was put, or touched, is the newer word.
      commit(5, {
        entities: [put("put", 2), removed("alert", idOfName("gone")), removed("alert", idOfName("back"))],
        repeated: [said(6, 6, "put", "touched")],
        touches: [touch("touched", 7, 10)],
      }),
      commit(6, { entities: [put("back", 2)] }),
    );
    const expected = [
      loaded(put("again", 1), touch("again", 5, 5)),
      loaded(put("alone", 1), touch("alone", 3, 5)),
      loaded(put("back", 2)),
      loaded(put("newer", 1), touch("newer", 3, 3)),
      loaded(put("put", 2)),
      loaded(put("touched", 1), touch("touched", 7, 10)),
    ].sort(byId);
    await harness[restart]();
    const { snapshot, store: second } = await harness.open();
    expect(await entitiesOf(snapshot)).toEqual(expected);
    await commits(second, commit(7, { repeated: [said(8, 20, "touched", "put")] }));
    await harness[restart]();
    const { snapshot: last } = await harness.open();
    const found = await entitiesOf(last);
    expect(found.find(({ id }) => id === idOfName("touched"))).toEqual(
      loaded(put("touched", 1), touch("touched", 8, 20)),
    );
    expect(found.find(({ id }) => id === idOfName("put"))).toEqual(loaded(put("put", 2), touch("put", 8, 21)));
    expect(found.find(({ id }) => id === idOfName("again"))?.touch).toEqual(touch("again", 5, 5));
  },
}));
