import { Buffer } from "node:buffer";
import { expect } from "vitest";
import type { StoredDeposit } from "../../collector/port/store.ts";
import type { StoreCase } from "./store.case.ts";
import { commit } from "../support/store-commit.ts";
import { commits } from "./store-entries.ts";

const deposit = (id: number, parts: Partial<StoredDeposit> = {}): StoredDeposit => ({
  id,
  lane: "event",
  reader: "alertmanager",
  receivedAt: 1_795_296_848_347 + id,
  taken: 0,
  body: Buffer.from(JSON.stringify([`deposit ${id}`, "ü \u{1f514}"])),
  ...parts,
});

const plain = (stored: StoredDeposit): object => ({ ...stored, body: Buffer.from(stored.body).toString() });

/** What was taken in before the core has seen it. */
export const DEPOSIT_CASES: StoreCase[] = (["crash", "close"] as const).flatMap((restart): StoreCase[] => [
  {
    name: `after a ${restart} a deposit is there, by number, until it is over`,
    async run(harness) {
      const { store, snapshot } = await harness.open();
      expect(snapshot.deposits).toEqual([]);
      const long = deposit(11, { lane: "critical", body: Buffer.from(JSON.stringify("long ".repeat(20_000))) });
      await commits(
        store,
        commit(1, { deposits: [deposit(9), long] }),
        commit(2, { deposits: [deposit(10)], depositProgress: [{ id: 9, taken: 3, over: true }] }),
      );
      await harness[restart]();
      const { store: again, snapshot: found } = await harness.open();
      expect(found.deposits.map(plain)).toEqual([plain(deposit(10)), plain(long)]);
      await commits(again, commit(3, { depositProgress: [10, 11].map((id) => ({ id, taken: 1, over: true })) }));
      await harness[restart]();
      expect((await harness.open()).snapshot.deposits).toEqual([]);
    },
  },
  {
    name: `after a ${restart} it is known how far the core had come with a deposit`,
    async run(harness) {
      const { store } = await harness.open();
      await commits(
        store,
        commit(1, { deposits: [deposit(1, { taken: 5 }), deposit(2)] }),
        commit(2, { depositProgress: [{ id: 2, taken: 32, over: false }] }),
        commit(3, { depositProgress: [{ id: 2, taken: 64, over: false }] }),
      );
      await harness[restart]();
      const { snapshot } = await harness.open();
      expect(snapshot.deposits.map(({ id, taken }) => [id, taken])).toEqual([
        [1, 5],
        [2, 64],
      ]);
    },
  },
]);
