import type { Event } from "../../core/model/event.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import { type IsKnownCi, pickCi } from "../ci-label.ts";
import { eventOfDraft } from "../event-draft.ts";
import { labelsFrom } from "../field.ts";
import { type LogFinding, LogPatterns, type LogRule } from "../log-pattern.ts";
import { syslogSeverity } from "../severity.ts";
import type { SyslogMessage } from "./message.ts";

const SOURCE = "syslog";

export interface LogRulesOptions {
  rules: readonly LogRule[];
  isKnownCi: IsKnownCi;
  /** Messages that no rule matches become events when their severity is this or worse; -1: never. */
  unmatchedMax: number;
}

/** Applies the table: the first rule that matches decides. */
export class LogRules {
  private readonly patterns: LogPatterns;
  private readonly options: LogRulesOptions;

  constructor(options: LogRulesOptions) {
    this.options = options;
    this.patterns = new LogPatterns(options.rules);
  }

  /** @param address of the sender: the CI where the message names no host. */
  read(message: SyslogMessage, address: string, now: UnixMillis): Event | undefined {
    const found = this.patterns.find(message.app, message.text);
    if (found !== undefined) return this.matched(found, message, { address, now });
    return message.severity <= this.options.unmatchedMax ? this.unmatched(message, { address, now }) : undefined;
  }

  private matched(
    { rule, cleared, instance, labels }: LogFinding,
    message: SyslogMessage,
    { address, now }: { address: string; now: UnixMillis },
  ): Event {
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
