import * as fc from "fast-check";
import { expect, test } from "vitest";
import { idOf, refsOf } from "../../collector/core/model/alert-ref.ts";
import type { EntityKind } from "../../collector/core/model/effect.ts";
import { type Repeated, RepeatedList } from "../../collector/core/model/repeated.ts";
import type {
  Commit,
  EntityQuery,
  LedgerQuery,
  OutboxChange,
  StoredEntity,
  Touch,
} from "../../collector/port/store.ts";
import { commit, rememberedIn } from "../support/store-commit.ts";
import { entitiesOf, entity, outboxRow, record } from "./store-entries.ts";
import { memoryHarness, sqliteHarness } from "./store-harness.ts";

/**
 * The SQLite store against the memory store: whatever is committed, folded, touched, removed, compacted and killed, both
 * answer the same. Folding is forced at every boundary by limits of a few rows.
 */
const kinds: EntityKind[] = ["alert", "incident", "meta"];
const nth = (number: number): string => idOf(-1, number);
const id = fc.integer({ min: 0, max: 7 }).map(nth);

const put = fc
  .record({
    kind: fc.constantFrom(...kinds),
    id,
    status: fc.constantFrom("open", "closed", "resolved"),
    since: fc.integer({ min: 0, max: 20 }),
  })
  .map(({ kind, id, status, since }): StoredEntity => {
    // An alias belongs to one entity for ever, as an incident's number does.
    const number = Number(id.at(-1));
    const alias = kind === "incident" && number % 2 === 1 ? { number } : {};
    return entity(kind, id, { status, since, count: 0, lastSeenAt: 0, lastOccurredAt: 0, expiresAt: null, ...alias });
  });
const removal = fc
  .record({ kind: fc.constantFrom(...kinds), id })
  .map((at): StoredEntity => ({ ...at, status: "", sort: "", alias: null, body: null }));
const touch = fc
  .record({ alert: id, count: fc.nat(99), lastSeenAt: fc.nat(99) })
  .map((at): Touch => ({ ...at, lastOccurredAt: at.lastSeenAt, expiresAfterMs: null, expiresAt: at.count }));

const repeated = fc
  .record({ ids: fc.uniqueArray(id, { maxLength: 4 }), seenAt: fc.nat(99), count: fc.integer({ min: 1, max: 99 }) })
  .map(({ ids, seenAt, count }): Repeated => {
    const list = new RepeatedList(ids.length);
    for (const [index] of ids.entries()) list.add(refsOf(ids), index, count + index);
    return list.with({ seenAt, occurredAt: seenAt - 1, expiresAfterMs: 5, expiresAt: seenAt + 5 });
  });

type Step =
  | { do: "commit"; parts: (sequence: number) => Partial<Commit> }
  | { do: "crash" | "close" }
  | { do: "compact"; ago: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .record({
        entities: fc.uniqueArray(fc.oneof(put, put, removal), { maxLength: 4, selector: (e) => `${e.kind}${e.id}` }),
        repeated: fc.array(repeated, { maxLength: 3 }),
        touches: fc.uniqueArray(touch, { maxLength: 3, selector: (t) => t.alert }),
        records: fc.array(fc.record({ ci: id, alert: fc.option(id), incident: fc.option(id) }), { maxLength: 3 }),
        keys: fc.uniqueArray(id, { maxLength: 2 }),
        done: fc.array(fc.record({ key: id, reference: fc.boolean() }), { maxLength: 2 }),
      })
      .map(({ entities, touches, repeated: again, records, keys, done }): Step => {
        const touched = touches.filter(({ alert }) => !entities.some((e) => e.kind === "alert" && e.id === alert));
        return {
          do: "commit",
          parts: (sequence) => ({
            entities,
            touches: touched,
            repeated: again,
            journal: `[${sequence}]`,
            eventIds: [`s\n${sequence}`],
            deposits: records.slice(0, 1).map(() => ({
              id: sequence,
              lane: "event",
              reader: "r",
              receivedAt: sequence,
              taken: 0,
              body: Buffer.from(`[${sequence}]`),
            })),
            depositProgress: done.map((_, index) => ({ id: sequence - index - 1, taken: index + 1, over: index > 0 })),
            ledger: records.map((parts) => record(sequence, parts)),
            outbox: keys.map((key) => outboxRow(`${key}-${sequence % 3}`, { incident: key, createdAt: sequence })),
            outboxChanges: done.map(
              ({ key, reference }): OutboxChange => ({
                type: "done",
                key: `${key}-${sequence % 3}`,
                receiver: "hook",
                at: sequence,
                status: "delivered",
                reason: null,
                ...(reference && { reference: { sequence } }),
              }),
            ),
          }),
        };
      }),
  },
  { weight: 1, arbitrary: fc.constantFrom<Step>({ do: "crash" }, { do: "close" }) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 10 }).map((ago): Step => ({ do: "compact", ago })) },
);

const entityQueries: EntityQuery[] = [
  { kind: "alert", limit: 100 },
  { kind: "alert", statuses: ["open", "resolved"], limit: 3 },
  { kind: "incident", statuses: ["closed"], limit: 100, before: "000000000000010:" },
];
const ledgerQueries: LedgerQuery[] = [
  { limit: 100 },
  { ci: nth(1), limit: 100 },
  { alert: nth(2), incident: nth(3), limit: 100 },
  { incident: nth(4), limit: 2, before: 9 },
  { from: 3, to: 6, limit: 100 },
];

test("the SQLite store answers as the memory store does, whatever happens", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const harnesses = [
        memoryHarness(),
        sqliteHarness({
          thread: "caller",
          fold: { rowsMax: 7, sliceMs: 0, ageMaxMs: 1e9 },
          repeats: { sizeBytesMax: 300, ageMaxMs: 1e9 },
        }),
      ];
      const reopen = async () => Promise.all(harnesses.map(async (harness) => harness.open(4)));
      try {
        let opened = await reopen();
        for (const [index, item] of steps.entries()) {
          const sequence = index + 1;
          if (item.do === "commit") {
            const batch = { ...commit(sequence), at: sequence, ...item.parts(sequence) };
            for (const { store } of opened) expect(await store.commit(batch)).toEqual({ status: "committed" });
            // A turn of the loop lets the store fold a slice.
            if (sequence % 3 === 0) await new Promise(setImmediate);
          } else if (item.do === "compact") {
            // What is committed and not yet folded is younger than any retention: let it be folded first.
            for (const harness of harnesses) await harness.close();
            opened = await reopen();
            const before = sequence - item.ago;
            // The ledger goes in chunks: what is left of it may differ.
            for (const { store } of opened)
              while (
                await store.compact({ journal: before, ledger: 0, outbox: before, entities: before, alerts: before })
              );
          } else {
            for (const harness of harnesses) await harness[item.do]();
            opened = await reopen();
            const [wanted, got] = await Promise.all(
              opened.map(async ({ snapshot }) => ({
                ...snapshot,
                entities: await entitiesOf(snapshot),
                eventIds: await rememberedIn(snapshot),
              })),
            );
            expect(got).toEqual(wanted);
          }
        }
        const [wanted, got] = await Promise.all(
          opened.map(async ({ store }) => ({
            entities: await Promise.all(entityQueries.map(async (query) => store.entities(query))),
            ledger: await Promise.all(ledgerQueries.map(async (query) => store.ledger(query))),
            single: await Promise.all([nth(1), "3"].map(async (id) => store.entity("incident", id))),
            references: await Promise.all([nth(0), nth(1)].map(async (id) => store.reference("hook", id))),
            journal: await store.journal(2, 100),
          })),
        );
        expect(got).toEqual(wanted);
      } finally {
        for (const harness of harnesses) await harness.end();
      }
    }),
    { numRuns: Number(process.env.TOCSIN_RUNS ?? 40) },
  );
}, 240_000);
