import { expect } from "vitest";
import { T } from "../support/store-commit.ts";
import type { LedgerRecord } from "../../collector/core/model/ledger.ts";
import {
  type Commit,
  type LoadedEntity,
  type OutboxRow,
  type Snapshot,
  type Store,
  type StoredEntity,
  sortKey,
} from "../../collector/port/store.ts";

export function entity(
  kind: StoredEntity["kind"],
  id: string,
  value: Record<string, unknown> & { status?: string; since?: number; number?: number },
): StoredEntity {
  const { status = "", since = 0, number } = value;
  const alias = number === undefined ? null : String(number);
  return { kind, id, status, sort: sortKey(since, id), alias, body: JSON.stringify({ id, ...value }) };
}

export function removed(kind: StoredEntity["kind"], id: string): StoredEntity {
  return { kind, id, status: "", sort: "", alias: null, body: null };
}

export function record(at: number, parts: Partial<LedgerRecord> = {}): LedgerRecord {
  const nothing = { incident: null, alert: null, ci: null, counterfactual: null };
  return { at, decision: "alert.joined", rule: "r", reasons: ["because"], facts: { score: 0.5 }, ...nothing, ...parts };
}

export function outboxRow(key: string, parts: Partial<OutboxRow> = {}): OutboxRow {
  return {
    key,
    receiver: "hook",
    incident: "inc-1",
    kind: "opened",
    revision: 1,
    page: true,
    createdAt: T,
    body: `{"key":"${key}"}`,
    attempts: 0,
    nextAttemptAt: T,
    ...parts,
  };
}

export async function commits(store: Store, ...list: Commit[]): Promise<void> {
  for (const item of list) expect(await store.commit(item)).toEqual({ status: "committed" });
}

/** By kind and id. */
export async function entitiesOf(snapshot: Snapshot): Promise<LoadedEntity[]> {
  const list: LoadedEntity[] = [];
  for await (const page of snapshot.entities) list.push(...page);
  const key = ({ kind, id }: LoadedEntity): string => `${kind}\n${id}`;
  return list.sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

/** What a restart is given of an entity that was put. */
export function loaded({ kind, id, body }: StoredEntity, touch: LoadedEntity["touch"] = null): LoadedEntity {
  return { kind, id, body: body ?? "", touch };
}
