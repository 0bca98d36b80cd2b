import { expect } from "vitest";
import { isActive } from "../../collector/core/model/alert-table.ts";
import type { Alert } from "../../collector/core/model/alert.ts";
import type { Effect, Outcome } from "../../collector/core/model/effect.ts";
import type { Incident } from "../../collector/core/model/incident.ts";
import type { Input } from "../../collector/core/model/input.ts";
import type { LedgerRecord } from "../../collector/core/model/ledger.ts";
import type { Notification } from "../../collector/core/model/notification.ts";
import { Turn } from "../../collector/core/model/turn.ts";
import { notify } from "../../collector/core/notify/decide.ts";
import type { CoreState } from "../../collector/core/state.ts";

/** What of a stored incident can be seen to go back. */
type Past = Pick<Incident, "number" | "status" | "revision" | "mergedInto"> & { isExplained: boolean };

/**
 * Watches a core step by step, from outside: what people are told, and what a store has. Each method names what the product
 * promises; what is promised of the core's own order is in the tests of the simulation.
 */
export class Guarantees {
  private readonly incidents = new Map<string, Past>();
  private readonly alerts = new Map<string, Pick<Alert, "status" | "incident">>();
  /** By incident and receiver. */
  private readonly threads = new Map<string, Pick<Notification, "kind" | "revision">>();
  private readonly keys = new Set<string>();
  private readonly pages = new Set<string>();
  private at = 0;

  /** @param state after the step */
  check(input: Input, effects: readonly Effect[], state: CoreState): void {
    const records = effects.flatMap((effect) => (effect.kind === "ledger" ? [effect.record] : []));
    this.checkTime(records, state);
    for (const effect of effects) {
      if (effect.kind === "put" && effect.entity.kind === "incident") this.keepIncident(effect.entity.value);
      else if (effect.kind === "put" && effect.entity.kind === "alert") {
        const { status, incident } = effect.entity.value;
        this.alerts.set(effect.entity.id, { status, incident });
      } else if (effect.kind === "remove" && effect.entity === "alert") this.alerts.delete(effect.id);
      else if (effect.kind === "notify") this.keepWord(effect.notification, records, state);
      else if (effect.kind === "outcome") this.checkOutcome(input, effect.outcome, effects);
    }
    for (const { decision, incident } of records) {
      const past = this.incidents.get(incident ?? "");
      if (past !== undefined && decision.startsWith("notification.")) past.isExplained = true;
    }
    this.checkHomes();
  }

  /** Time never goes back, and everything that one step says is of one moment. */
  private checkTime(records: readonly LedgerRecord[], { at }: CoreState): void {
    expect(at).toBeGreaterThanOrEqual(this.at);
    for (const record of records) expect(record.at).toBe(at);
    this.at = at;
  }

  /** A revision never falls, a number is not used twice, and what is closed is over for ever. */
  private keepIncident({ id, number, status, revision, mergedInto }: Incident): void {
    const past = this.incidents.get(id);
    if (past === undefined) expect([...this.incidents.values()].map((other) => other.number)).not.toContain(number);
    else {
      expect(past.status).not.toBe("closed");
      expect(revision).toBeGreaterThanOrEqual(past.revision);
    }
    if (mergedInto !== null) expect(status).toBe("closed");
    this.incidents.set(id, { number, status, revision, mergedInto, isExplained: past?.isExplained ?? false });
  }

  /**
   * Who was told of a fire is told of its end, and nobody else is, but for what healed before anyone was told; one page an
   * opening and receiver, and only while nobody works on it; each word with a key, a reason in the ledger, and for its
   * receiver a later revision than the word before.
   */
  private keepWord(word: Notification, records: readonly LedgerRecord[], state: CoreState): void {
    const { idempotencyKey, incident, receiver, kind, revision, page, document, reason, at } = word;
    expect(at).toBe(state.at);
    expect(this.keys).not.toContain(idempotencyKey);
    this.keys.add(idempotencyKey);
    const thread = `${incident} ${receiver}`;
    const before = this.threads.get(thread);
    if (before === undefined && kind === "resolved") expect(reason).toContain("before anyone was told");
    else if (before === undefined) expect(kind).toBe("opened");
    else if (before.kind === "resolved") expect(kind).toBe("reopened");
    else expect(["opened", "reopened"]).not.toContain(kind);
    expect(revision).toBeGreaterThan(before?.revision ?? 0);
    expect(document.revision).toBe(revision);
    this.threads.set(thread, { kind, revision });
    if (page) {
      expect(document.status).toBe("open");
      const opening = `${thread} ${state.incidents.get(incident)?.reopened}`;
      expect(this.pages).not.toContain(opening);
      this.pages.add(opening);
    }
    const isMine = (record: LedgerRecord): boolean =>
      record.decision === "notification.decided" &&
      record.incident === incident &&
      record.rule === kind &&
      record.facts["receiver"] === receiver;
    expect(records.filter(isMine)).toHaveLength(1);
  }

  /** What is acknowledged to a sender is in the store with the same commit. */
  private checkOutcome(input: Input, outcome: Outcome, effects: readonly Effect[]): void {
    if (input.kind !== "event" || outcome.status !== "accepted" || outcome.alert === null) return;
    const { alert } = outcome;
    const isPut = effects.some(
      (each) => each.kind === "put" && each.entity.kind === "alert" && each.entity.id === alert,
    );
    const isGone = effects.some((each) => each.kind === "remove" && each.entity === "alert" && each.id === alert);
    expect(isPut || isGone || this.alerts.has(alert)).toBe(true);
  }

  /** In the store, an active alert is in an incident that is not closed, or in none. */
  private checkHomes(): void {
    for (const { status, incident } of this.alerts.values()) {
      if (status === "resolved" || incident === null) continue;
      expect(this.incidents.get(incident)?.status).not.toBe("closed");
      expect(this.incidents.has(incident)).toBe(true);
    }
  }

  /** Nothing that is worth telling is kept back without a time at which it is looked at again. Nothing may be due. */
  checkAllTold(state: CoreState): void {
    const turn = new Turn(state.at);
    for (const incident of state.incidents.live()) notify(state, turn, incident);
    expect(turn.finish()).toEqual([]);
  }

  /** A while after the last event: all is resolved and closed, everybody knows, and of what nobody was told the ledger says why. */
  checkEnd(state: CoreState): void {
    expect([...state.alerts.all()].filter(isActive)).toEqual([]);
    expect([...this.threads.values()].filter(({ kind }) => kind !== "resolved")).toEqual([]);
    for (const past of this.incidents.values()) {
      expect(["resolved", "closed"]).toContain(past.status);
      if (past.mergedInto === null) expect(past.isExplained).toBe(true);
    }
  }
}
