import { RE2JS } from "re2js";
import type { Event } from "../../core/model/event.ts";
import type { Severity } from "../../core/model/severity.ts";
import type { Milliseconds, UnixMillis } from "../../core/model/time.ts";
import { type IsKnownCi, pickCi } from "../ci-label.ts";
import { eventOfDraft } from "../event-draft.ts";
import { labelsFrom } from "../field.ts";
import { syslogSeverity } from "../severity.ts";
import type { SyslogMessage } from "./message.ts";

/**
 * One line of the table that makes events of log messages. A raise and its clear are two rules with one `check`; the
 * groups `instance` and `state` of the pattern tell which one and how it stands.
 */
export interface LogRule {
  check: string;
  /** RE2, unanchored, on the text of the message. Named groups: `instance`, `state`, and others, which become labels. */
  pattern: string;
  /** Texts of which one stands in every message that the pattern matches; looked for first, because that is cheap. */
  contains: readonly string[];
  /** The program, exactly; undefined = any. */
  app?: string | undefined;
  /** Without `state` group: what a match means. With it: see `clearStates`. */
  status: "firing" | "resolved";
  /** Values of the group `state` that mean clear, in lower case; all others fire. */
  clearStates?: readonly string[] | undefined;
  /** undefined: of the message's own priority. */
  severity?: Severity | undefined;
  /** For conditions that nothing clears. */
  expiresAfterMs?: Milliseconds | undefined;
  kind?: "alert" | "change" | undefined;
}

interface Compiled {
  rule: LogRule;
  regex: RE2JS;
  groups: readonly string[];
}

/** Throws an Error where the pattern is none; the configuration checks before. */
function compile(rule: LogRule): Compiled {
  const regex = RE2JS.compile(rule.pattern);
  return { rule, regex, groups: Object.keys(regex.namedGroups()) };
}

const SOURCE = "syslog";

export interface LogRulesOptions {
  rules: readonly LogRule[];
  isKnownCi: IsKnownCi;
  /** Messages that no rule matches become events when their severity is this or worse; -1: never. */
  unmatchedMax: number;
}

/** Applies the table: the first rule that matches decides. */
export class LogRules {
  private readonly compiled: readonly Compiled[];
  private readonly options: LogRulesOptions;

  constructor(options: LogRulesOptions) {
    this.options = options;
    this.compiled = options.rules.map(compile);
  }

  /** @param address of the sender: the CI where the message names no host. */
  read(message: SyslogMessage, address: string, now: UnixMillis): Event | undefined {
    for (const compiled of this.compiled) {
      const groups = matchOf(compiled, message);
      if (groups !== undefined) return this.matched(compiled.rule, groups, message, { address, now });
    }
    return message.severity <= this.options.unmatchedMax ? this.unmatched(message, { address, now }) : undefined;
  }

  private matched(
    rule: LogRule,
    groups: Readonly<Record<string, string>>,
    message: SyslogMessage,
    { address, now }: { address: string; now: UnixMillis },
  ): Event {
    const { instance, state, ...labels } = groups;
    const cleared =
      state === undefined ? rule.status === "resolved" : (rule.clearStates ?? []).includes(state.toLowerCase());
    const kind = rule.kind ?? "alert";
    return eventOfDraft(
      {
        source: SOURCE,
        ci: this.ciOf(message, address),
        check: rule.check,
        instance,
        kind,
        status: cleared && kind === "alert" ? "resolved" : "firing",
        severity: kind === "change" ? "info" : (rule.severity ?? syslogSeverity(message.severity)),
        summary: message.text,
        at: message.at,
        labels: labelsFrom({ ...labels, app: message.app }),
        expiresAfterMs: cleared ? undefined : rule.expiresAfterMs,
      },
      now,
    );
  }

  /** Bad enough to be told although nobody wrote a rule: it holds for a quarter of an hour after it was last said. */
  private unmatched(message: SyslogMessage, { address, now }: { address: string; now: UnixMillis }): Event {
    return eventOfDraft(
      {
        source: SOURCE,
        ci: this.ciOf(message, address),
        check: `log ${message.app ?? "message"}`,
        instance: message.msgId,
        status: "firing",
        severity: syslogSeverity(message.severity),
        summary: message.text,
        at: message.at,
        labels: labelsFrom({ app: message.app }),
        expiresAfterMs: 15 * 60_000,
      },
      now,
    );
  }

  private ciOf(message: SyslogMessage, address: string): string {
    return pickCi([message.host, address], this.options.isKnownCi);
  }
}

function matchOf({ rule, regex, groups }: Compiled, message: SyslogMessage): Record<string, string> | undefined {
  if (rule.app !== undefined && rule.app !== message.app) return undefined;
  if (!rule.contains.some((text) => message.text.includes(text))) return undefined;
  const matcher = regex.matcher(message.text);
  if (!matcher.find()) return undefined;
  const found: Record<string, string> = {};
  for (const name of groups) {
    const value = matcher.group(name);
    if (value !== null && value !== undefined) found[name] = value;
  }
  return found;
}
