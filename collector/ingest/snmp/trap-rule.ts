import type { Event } from "../../core/model/event.ts";
import type { Severity } from "../../core/model/severity.ts";
import type { Milliseconds, UnixMillis } from "../../core/model/time.ts";
import { type IsKnownCi, pickCi } from "../ci-label.ts";
import { eventOfDraft } from "../event-draft.ts";
import { cut, labelsFrom } from "../field.ts";
import { find, plainOid, type Trap } from "./trap.ts";

/** One line of the table that makes events of traps. A raise and its clear have the same `check`. */
export interface TrapRule {
  /** Of the trap; with or without the `.0.` before the last number. */
  oid: string;
  /** The trap's name in its MIB, for people. */
  name: string;
  check: string;
  kind?: "alert" | "change" | undefined;
  status: "firing" | "resolved";
  /** Where one trap tells both: the column of the state, and the values that mean clear; all others fire. */
  state?: { column: string; clear: readonly string[] } | undefined;
  severity: Severity;
  /** Not somebody's trouble but somebody's deed (an interface that was shut): then it is only information. */
  deed?: { column: string; value: string } | undefined;
  /** Columns that tell which one, most telling first. `index COLUMN` takes what follows the column instead of its value. */
  instance?: readonly string[] | undefined;
  /** Columns whose values people want to read. */
  details?: Readonly<Record<string, string>> | undefined;
  /** For what nothing clears. */
  expiresAfterMs?: Milliseconds | undefined;
}

export interface TrapRulesOptions {
  /** The first of one OID wins. */
  rules: readonly TrapRule[];
  isKnownCi: IsKnownCi;
  /** What becomes of traps that no rule knows. */
  unknown: "warning" | "drop";
}

const SOURCE = "snmptrap";
/** Interfaces and the like whose names are remembered. */
const RAISED_MAX = 10_000;
const UNKNOWN_HOLDS_MS: Milliseconds = 15 * 60_000;

/** Applies the table: one look-up a trap. */
export class TrapRules {
  private readonly byOid = new Map<string, TrapRule>();
  private readonly options: TrapRulesOptions;
  /** What the instance was when it was raised, by device, check and the least that its traps tell (an index). */
  private readonly raised = new Map<string, string>();

  constructor(options: TrapRulesOptions) {
    this.options = options;
    for (const rule of options.rules) {
      const oid = plainOid(rule.oid);
      if (!this.byOid.has(oid)) this.byOid.set(oid, rule);
    }
  }

  read(trap: Trap, now: UnixMillis): Event | undefined {
    const rule = this.byOid.get(plainOid(trap.oid));
    if (rule !== undefined) return this.known(rule, trap, now);
    return this.options.unknown === "warning" ? this.unknown(trap, now) : undefined;
  }

  private known(rule: TrapRule, trap: Trap, now: UnixMillis): Event {
    const kind = rule.kind ?? "alert";
    const state = rule.state === undefined ? undefined : find(trap, rule.state.column)?.text;
    const cleared = state === undefined ? rule.status === "resolved" : (rule.state?.clear ?? []).includes(state);
    const isDeed = rule.deed !== undefined && find(trap, rule.deed.column)?.text === rule.deed.value;
    const instance = this.instanceOf(rule, trap, cleared);
    const details = Object.entries(rule.details ?? {}).map(([name, column]) => [name, find(trap, column)?.text]);
    const labels = labelsFrom(Object.fromEntries(details));
    const shown = Object.values(labels).filter((value) => value !== instance);
    return eventOfDraft(
      {
        source: SOURCE,
        ci: pickCi([trap.address], this.options.isKnownCi),
        check: rule.check,
        instance,
        kind,
        status: cleared && kind === "alert" ? "resolved" : "firing",
        severity: kind === "change" || isDeed ? "info" : rule.severity,
        summary: [
          rule.name,
          instance,
          shown.length === 0 ? undefined : `(${shown.join(", ")})`,
          isDeed ? "by an administrator" : undefined,
        ]
          .filter((part) => part !== undefined && part !== "")
          .join(" "),
        labels: { ...labels, ...labelsFrom({ trap: trap.oid, state }) },
        annotations: annotationsOf(trap),
        expiresAfterMs: cleared ? undefined : rule.expiresAfterMs,
      },
      now,
    );
  }

  /** A device may raise with name and index, and clear with the index alone, or the other way round: that is one instance. */
  private instanceOf(rule: TrapRule, trap: Trap, isClear: boolean): string | undefined {
    const designations = designationsOf(rule, trap);
    const [first] = designations;
    const least = designations.at(-1);
    if (first === undefined || least === undefined || (rule.instance ?? []).length === 1) return first;
    const key = `${trap.address}\n${rule.check}\n${least}`;
    const known = this.raised.get(key);
    // Another name for the same index: the device has counted its interfaces anew.
    const instance = known !== undefined && (first === least || known === least) ? known : first;
    this.raised.delete(key);
    if (!isClear) this.raised.set(key, instance);
    if (this.raised.size > RAISED_MAX) this.raised.delete(this.raised.keys().next().value ?? "");
    return instance;
  }

  private unknown(trap: Trap, now: UnixMillis): Event {
    const texts = trap.varbinds.map(({ text }) => text).filter((text) => /[a-z]{3}/i.test(text));
    return eventOfDraft(
      {
        source: SOURCE,
        ci: pickCi([trap.address], this.options.isKnownCi),
        check: `trap ${plainOid(trap.oid)}`,
        status: "firing",
        severity: "warning",
        summary: cut([`SNMP trap ${trap.oid}`, ...texts.slice(0, 3)].join(": "), 500),
        labels: { trap: trap.oid },
        annotations: annotationsOf(trap),
        expiresAfterMs: UNKNOWN_HOLDS_MS,
      },
      now,
    );
  }
}

/** What the trap says about which one it is, most telling first. */
function designationsOf(rule: TrapRule, trap: Trap): string[] {
  return (rule.instance ?? []).flatMap((place) => {
    const isIndex = place.startsWith("index ");
    const found = find(trap, isIndex ? place.slice("index ".length) : place);
    const text = isIndex ? found?.index : found?.text;
    return text === undefined || text === "" ? [] : [text];
  });
}

const annotationsOf = (trap: Trap): Record<string, string> =>
  labelsFrom(Object.fromEntries(trap.varbinds.slice(0, 30).map(({ oid, text }) => [oid, text])));
