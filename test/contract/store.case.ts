import { expect } from "vitest";
import { type Snapshot, type Store, type StoredEntity, sortKey } from "../../collector/port/store.ts";
import { commit, remembered, rememberedIn, T } from "../support/store-commit.ts";
import { commits, entitiesOf, entity, loaded, outboxRow, record, removed } from "./store-entries.ts";

/** One data directory (or what stands for it), opened by one store after the other. */
export interface StoreHarness {
  /** The first store, or the next one after `crash` or `close`. */
  open(eventIdsMax?: number): Promise<{ store: Store; snapshot: Snapshot }>;
  /** The process dies: the next `open` finds what the disk had at this moment. */
  crash(): Promise<void>;
  /** An orderly end. */
  close(): Promise<void>;
  /** A second store on the same place, not opened. */
  rival(): Store;
}

export interface StoreCase {
  name: string;
  run: (harness: StoreHarness) => Promise<void>;
}

const restarts = ["crash", "close"] as const;

/** What every store must do. Each case gets an empty place. */
export const STORE_CASES: StoreCase[] = [
  {
    name: "an empty store begins at nothing",
    async run(harness) {
      const { snapshot } = await harness.open();
      expect(snapshot.sequence).toBe(0);
      expect(snapshot.at).toBe(0);
      expect(await entitiesOf(snapshot)).toEqual([]);
      expect(await rememberedIn(snapshot)).toEqual([]);
      expect(snapshot.outbox).toEqual([]);
    },
  },
  ...restarts.map(
    (restart): StoreCase => ({
      name: `after a ${restart} everything committed is there`,
      async run(harness) {
        const { store } = await harness.open();
        const alerts = ["a-2", "a-1", "a-é", "a-Z"].map((id) =>
          entity("alert", id, { status: "firing", text: "ü \u{1f514}" }),
        );
        const incident = entity("incident", "inc-1", { status: "open", number: 7 });
        await commits(store, commit(4, { entities: alerts }), commit(5, { entities: [incident] }));
        await harness[restart]();
        const { snapshot } = await harness.open();
        expect(snapshot.sequence).toBe(5);
        expect(snapshot.at).toBe(T + 5);
        const [two, one, accented, capital] = alerts.map((alert) => loaded(alert));
        expect(await entitiesOf(snapshot)).toEqual([one, two, capital, accented, loaded(incident)]);
      },
    }),
  ),
  ...restarts.map(
    (restart): StoreCase => ({
      name: `the last put of an entity wins and a removed one stays away, also after a ${restart}`,
      async run(harness) {
        const { store } = await harness.open();
        const first = entity("silence", "s-1", { status: "active", version: 1 });
        const last = entity("silence", "s-1", { status: "expired", version: 3, since: 9 });
        await commits(
          store,
          commit(1, { entities: [first, entity("silence", "s-2", {}), entity("meta", "m", {})] }),
          commit(2, { entities: [removed("silence", "s-2"), entity("silence", "s-1", { status: "x", version: 2 })] }),
          commit(3, { entities: [last] }),
          commit(4, { entities: [removed("meta", "m"), removed("meta", "never-there")] }),
        );
        expect(await store.entity("silence", "s-1")).toBe(last.body);
        expect(await store.entity("silence", "s-2")).toBeUndefined();
        await harness[restart]();
        const { snapshot, store: again } = await harness.open();
        expect(await entitiesOf(snapshot)).toEqual([loaded(last)]);
        await commits(again, commit(5, { entities: [entity("meta", "m", { back: true })] }));
        expect(await again.entity("meta", "m")).toBe(JSON.stringify({ id: "m", back: true }));
      },
    }),
  ),
  ...restarts.map(
    (restart): StoreCase => ({
      name: `the newest touch of an alert comes with it after a ${restart}, unless it was put since`,
      async run(harness) {
        const { store } = await harness.open();
        const put = (id: string, version: number): StoredEntity => entity("alert", id, { status: "firing", version });
        const touch = (alert: string, count: number, expiresAt: number | null = null) => ({
          alert,
          lastSeenAt: T + count,
          lastOccurredAt: T + count - 1,
          count,
          expiresAfterMs: count * 1000,
          expiresAt,
        });
        await commits(
          store,
          commit(1, { entities: ["once", "twice", "put-later", "removed", "back"].map((id) => put(id, 1)) }),
          commit(2, { touches: [touch("once", 2, T), touch("twice", 2), touch("put-later", 2), touch("unknown", 2)] }),
          commit(3, { touches: [touch("twice", 3), touch("back", 3)], entities: [put("put-later", 9)] }),
          commit(4, {
            touches: [touch("removed", 5)],
            entities: [removed("alert", "removed"), removed("alert", "back")],
          }),
          commit(5, { entities: [put("unknown", 5), put("back", 5)] }),
        );
        await harness[restart]();
        const { snapshot, store: again } = await harness.open();
        expect(await entitiesOf(snapshot)).toEqual([
          loaded(put("back", 5)),
          loaded(put("once", 1), touch("once", 2, T)),
          loaded(put("put-later", 9)),
          loaded(put("twice", 1), touch("twice", 3)),
          loaded(put("unknown", 5)),
        ]);
        // What reads one, or a list, reads what was put.
        expect(await again.entity("alert", "twice")).toBe(put("twice", 1).body);
        await commits(again, commit(6, { entities: [put("twice", 6)] }));
        await harness[restart]();
        const last = await harness.open();
        expect((await entitiesOf(last.snapshot)).find(({ id }) => id === "twice")).toEqual(loaded(put("twice", 6)));
      },
    }),
  ),
  {
    name: "a closed incident is left out of a restart, and found by id, by number and in lists",
    async run(harness) {
      const { store } = await harness.open();
      const open = entity("incident", "inc-1", { status: "open", number: 41, since: T });
      const closed = entity("incident", "inc-2", { status: "closed", number: 42, since: T + 1 });
      await commits(
        store,
        commit(1, { entities: [open, entity("incident", "inc-2", { status: "open", number: 42 })] }),
      );
      await commits(store, commit(2, { entities: [closed] }));
      expect(await store.entity("incident", "42")).toBe(closed.body);
      await harness.crash();
      const { snapshot, store: again } = await harness.open();
      expect(await entitiesOf(snapshot)).toEqual([loaded(open)]);
      expect(await again.entity("incident", "inc-2")).toBe(closed.body);
      expect(await again.entity("incident", "42")).toBe(closed.body);
      expect(await again.entity("incident", "43")).toBeUndefined();
      const list = await again.entities({ kind: "incident", statuses: ["closed"], limit: 5 });
      expect(list.items).toEqual([{ sort: closed.sort, body: closed.body }]);
    },
  },
  {
    name: "the newest event ids are remembered, oldest first",
    async run(harness) {
      const { store } = await harness.open(5);
      for (let sequence = 1; sequence <= 20; sequence += 2) {
        const ids = [sequence, sequence + 1].map((id) => `source "x"\nid\u0000-${id}`);
        await commits(store, commit(sequence + 1, { eventIds: ids }));
      }
      await harness.crash();
      const { snapshot, store: again } = await harness.open(5);
      expect(await rememberedIn(snapshot)).toEqual(
        remembered(...[16, 17, 18, 19, 20].map((id) => `source "x"\nid\u0000-${id}`)),
      );
      await commits(again, commit(30, { eventIds: ["s\nlast"] }));
      await harness.close();
      expect(await rememberedIn((await harness.open(2)).snapshot)).toEqual(
        remembered(`source "x"\nid\u0000-20`, "s\nlast"),
      );
    },
  },
  ...restarts.map(
    (restart): StoreCase => ({
      name: `after a ${restart} the outbox has what is not done, with its attempts, in order`,
      async run(harness) {
        const { store } = await harness.open();
        const rows = ["k1", "k2", "k3"].map((key) => outboxRow(key));
        const other = outboxRow("k2", {
          receiver: "desk",
          page: false,
          kind: "updated",
          revision: 3,
          incident: "inc-9",
        });
        await commits(
          store,
          commit(1, { outbox: [...rows, other] }),
          commit(2, {
            outboxChanges: [
              { type: "attempted", key: "k3", receiver: "hook", attempts: 2, nextAttemptAt: T + 99 },
              { type: "done", key: "k1", receiver: "hook", at: T, status: "delivered", reason: null },
              { type: "done", key: "no-such-key", receiver: "hook", at: T, status: "failed", reason: "timeout" },
            ],
          }),
          commit(3, { outbox: [outboxRow("k1"), outboxRow("k0", { createdAt: T - 5 })] }),
        );
        await harness[restart]();
        const { snapshot } = await harness.open();
        expect(snapshot.outbox).toEqual([
          rows[1],
          { ...rows[2], attempts: 2, nextAttemptAt: T + 99 },
          other,
          outboxRow("k0", { createdAt: T - 5 }),
        ]);
      },
    }),
  ),
  {
    name: "a connector's reference is kept for its receiver and incident",
    async run(harness) {
      const { store } = await harness.open();
      const done = (key: string, reference?: { ts: number }) =>
        ({
          type: "done",
          key,
          receiver: "hook",
          at: T,
          status: "delivered",
          reason: null,
          ...(reference && { reference }),
        }) as const;
      await commits(
        store,
        commit(1, { outbox: [outboxRow("k1"), outboxRow("k2")] }),
        commit(2, { outboxChanges: [done("k1", { ts: 1 })] }),
      );
      expect(await store.reference("hook", "inc-1")).toEqual({ ts: 1 });
      await commits(store, commit(3, { outboxChanges: [done("k2")] }));
      await harness.crash();
      const { store: again } = await harness.open();
      expect(await again.reference("hook", "inc-1")).toEqual({ ts: 1 });
      expect(await again.reference("desk", "inc-1")).toBeUndefined();
      expect(await again.reference("hook", "inc-2")).toBeUndefined();
      await commits(again, commit(4, { outbox: [outboxRow("k4")], outboxChanges: [done("k4", { ts: 2 })] }));
      expect(await again.reference("hook", "inc-1")).toEqual({ ts: 2 });
    },
  },
  {
    name: "the ledger is found by incident, alert, CI, decision and time, newest first",
    async run(harness) {
      const { store } = await harness.open();
      const rows = [
        record(T + 1, { incident: "inc-1", alert: "a-1", ci: "web-1" }),
        record(T + 2, { incident: "inc-1", alert: "a-2", ci: "web-2", decision: "incident.opened" }),
        record(T + 3, { alert: "a-1", ci: "web-1", facts: { path: ["a", { b: null }] } }),
        record(T + 4, { incident: "inc-2", ci: "db-1" }),
        record(T + 5, { incident: "inc-1", alert: "a-1", ci: "web-1" }),
      ];
      await commits(store, commit(1, { ledger: rows.slice(0, 2) }), commit(2, { ledger: rows.slice(2, 4) }));
      await harness.crash();
      const { store: again } = await harness.open();
      await commits(again, commit(3, { ledger: rows.slice(4) }));
      const find = async (query: Record<string, unknown>): Promise<number[]> =>
        (await again.ledger({ limit: 10, ...query })).map(({ at }) => at - T);
      expect(await find({})).toEqual([5, 4, 3, 2, 1]);
      expect(await find({ incident: "inc-1" })).toEqual([5, 2, 1]);
      expect(await find({ alert: "a-1" })).toEqual([5, 3, 1]);
      expect(await find({ ci: "web-1", incident: "inc-1" })).toEqual([5, 1]);
      expect(await find({ decision: "incident.opened" })).toEqual([2]);
      expect(await find({ from: T + 2, to: T + 4 })).toEqual([4, 3, 2]);
      expect(await find({ incident: "inc-1", to: T + 4 })).toEqual([2, 1]);
      expect(await find({ to: T })).toEqual([]);
      expect(await find({ incident: "none" })).toEqual([]);
      expect(await find({ limit: 2 })).toEqual([5, 4]);
      const [, second] = await again.ledger({ limit: 2 });
      expect(await find({ before: second?.number })).toEqual([3, 2, 1]);
      const all = await again.ledger({ limit: 10 });
      expect(new Set(all.map(({ number }) => number)).size).toBe(5);
      const { number: _, ...third } = all[2] ?? { number: 0 };
      expect(third).toEqual(rows[2]);
    },
  },
  {
    name: "entities are listed newest first, by status, page after page",
    async run(harness) {
      const { store } = await harness.open();
      const statuses = ["firing", "pending", "resolved"];
      const alerts = Array.from({ length: 30 }, (_, index) =>
        entity("alert", `a-${index}`, { status: statuses[index % 3] ?? "", since: T + (index % 10) }),
      );
      await commits(store, commit(1, { entities: alerts.slice(0, 20) }));
      await harness.crash();
      const { store: again } = await harness.open();
      // Some of the first ones change their place: they must appear once, as they are now.
      const moved = alerts.slice(0, 6).map((item) => ({ ...item, status: "resolved", sort: sortKey(T + 50, item.id) }));
      await commits(again, commit(2, { entities: [...alerts.slice(20), ...moved] }));
      const now = new Map([...alerts, ...moved].map((item) => [item.id, item]));
      for (const wanted of [["firing"], ["pending", "resolved"], undefined]) {
        const expected = [...now.values()]
          .filter(({ status }) => wanted === undefined || wanted.includes(status))
          .sort((a, b) => (a.sort < b.sort ? 1 : -1))
          .map(({ sort }) => sort);
        const got: string[] = [];
        for (let before: string | undefined; ; before = got.at(-1)) {
          const query = {
            kind: "alert",
            limit: 4,
            ...(wanted && { statuses: wanted }),
            ...(before && { before }),
          } as const;
          const { items } = await again.entities(query);
          got.push(...items.map(({ sort }) => sort));
          if (items.length < 4) break;
        }
        expect(got).toEqual(expected);
      }
    },
  },
  {
    name: "the journal gives back its texts after a sequence, oldest first",
    async run(harness) {
      const { store } = await harness.open();
      const long = JSON.stringify({ text: "lang ✓".repeat(1000) });
      await commits(
        store,
        commit(3, { journal: "[1]" }),
        commit(4),
        commit(9, { journal: long }),
        commit(10, { journal: "[2]" }),
      );
      await harness.crash();
      const { store: again } = await harness.open();
      expect(await again.journal(0, 10)).toEqual([
        { sequence: 3, at: T + 3, journal: "[1]" },
        { sequence: 9, at: T + 9, journal: long },
        { sequence: 10, at: T + 10, journal: "[2]" },
      ]);
      expect((await again.journal(3, 1)).map(({ sequence }) => sequence)).toEqual([9]);
      expect(await again.journal(10, 1)).toEqual([]);
    },
  },
  {
    name: "compaction takes what is old and over, and nothing else",
    async run(harness) {
      const { store } = await harness.open();
      const old = [
        entity("incident", "inc-open", { status: "open", since: T }),
        entity("incident", "inc-closed", { status: "closed", since: T }),
        entity("alert", "a-firing", { status: "firing", since: T }),
        entity("alert", "a-resolved", { status: "resolved", since: T }),
        entity("silence", "s-1", { status: "resolved", since: T }),
      ];
      const rows = ["open", "closed"].map((name) => outboxRow(name, { incident: `inc-${name}` }));
      const done = rows.map(({ key, receiver }) => ({
        ...({ type: "done", status: "delivered", reason: null, reference: 1, at: T + 1 } as const),
        key,
        receiver,
      }));
      const ledger = Array.from({ length: 1200 }, (_, index) => record(T + 1, { ci: `ci-${index % 7}` }));
      await commits(
        store,
        commit(1, {
          entities: old,
          journal: "[1]",
          outbox: [...rows, outboxRow("waiting")],
          outboxChanges: done,
          ledger,
        }),
      );
      // In good order: what is not folded yet is younger than any retention, and compaction does not look there.
      await harness.close();
      const { store: again } = await harness.open();
      const later = entity("incident", "inc-late", { status: "closed", since: T });
      await commits(
        again,
        commit(100, { entities: [later], journal: "[2]", ledger: [record(T + 100, { ci: "ci-1" })] }),
      );
      const before = T + 50;
      const there = async (kind: "incident" | "alert" | "silence", id: string) =>
        (await again.entity(kind, id)) !== undefined;
      while (await again.compact({ journal: 0, ledger: 0, outbox: 0, entities: before, alerts: T }));
      expect(await there("incident", "inc-closed")).toBe(false);
      expect(await there("alert", "a-resolved")).toBe(true);
      let calls = 0;
      while (
        await again.compact({ journal: before, ledger: before, outbox: before, entities: before, alerts: before })
      ) {
        calls += 1;
        expect(calls).toBeLessThan(100);
      }
      expect((await again.journal(0, 10)).map(({ journal }) => journal)).toEqual(["[2]"]);
      expect((await again.ledger({ limit: 10 })).map(({ at }) => at)).toEqual([T + 100]);
      expect((await again.ledger({ ci: "ci-1", limit: 10 })).map(({ at }) => at)).toEqual([T + 100]);
      expect(await again.ledger({ ci: "ci-2", limit: 10 })).toEqual([]);
      expect(await there("incident", "inc-open")).toBe(true);
      expect(await there("incident", "inc-closed")).toBe(false);
      expect(await there("incident", "inc-late")).toBe(true);
      expect(await there("alert", "a-firing")).toBe(true);
      expect(await there("alert", "a-resolved")).toBe(false);
      expect(await there("silence", "s-1")).toBe(true);
      expect(await again.reference("hook", "inc-closed")).toBeUndefined();
      expect(await again.reference("hook", "inc-open")).toBe(1);
      await harness.crash();
      expect((await harness.open()).snapshot.outbox.map(({ key }) => key)).toEqual(["waiting"]);
    },
  },
  {
    name: "a second store on the same place is refused while the first is open",
    async run(harness) {
      await harness.open();
      await expect(harness.rival().open({ eventIdsMax: 1 })).rejects.toThrow(/in use by another collector/);
      await harness.close();
      const { store } = await harness.open();
      await commits(store, commit(1));
    },
  },
  {
    name: "a commit is read before it is answered",
    async run(harness) {
      const { store } = await harness.open();
      const item = entity("meta", "m", { value: "as committed" });
      const facts = { value: "as committed" };
      const wanted = item.body;
      const ids = ["s\n1"];
      const answer = store.commit(commit(1, { entities: [item], ledger: [record(T, { facts })], eventIds: ids }));
      item.body = "{}";
      facts.value = "changed";
      ids.push("s\n2");
      expect(await answer).toEqual({ status: "committed" });
      await harness.crash();
      const { snapshot, store: again } = await harness.open();
      expect((await entitiesOf(snapshot)).map(({ body }) => body)).toEqual([wanted]);
      expect(await rememberedIn(snapshot)).toEqual(remembered("s\n1"));
      expect((await again.ledger({ limit: 1 }))[0]?.facts).toEqual({ value: "as committed" });
    },
  },
  {
    name: "commits that are not awaited are made in order",
    async run(harness) {
      const { store } = await harness.open();
      const answers = Array.from({ length: 50 }, (_, index) =>
        store.commit(commit(index + 1, { entities: [entity("meta", "m", { version: index })] })),
      );
      for (const answer of await Promise.all(answers)) expect(answer).toEqual({ status: "committed" });
      await harness.crash();
      const { snapshot } = await harness.open();
      expect(snapshot.sequence).toBe(50);
      expect((await entitiesOf(snapshot)).map(({ body }) => body)).toEqual([JSON.stringify({ id: "m", version: 49 })]);
    },
  },
  {
    name: "a sequence that does not rise is a bug and is refused",
    async run(harness) {
      const { store } = await harness.open();
      await commits(store, commit(5));
      expect((await store.commit(commit(5))).status).toBe("fatal");
    },
  },
  {
    name: "sizes are told",
    async run(harness) {
      const { store } = await harness.open();
      await commits(
        store,
        commit(3, { journal: "[]", ledger: [record(T)], eventIds: ["s\n1"], outbox: [outboxRow("k")] }),
      );
      const { rows } = await store.size();
      expect(Object.keys(rows).sort()).toEqual([
        "deposits",
        "entities",
        "eventIds",
        "journal",
        "ledger",
        "outbox",
        "pending",
      ]);
      expect(rows).toMatchObject({ ledger: 1, eventIds: 1, outbox: 1 });
    },
  },
];
