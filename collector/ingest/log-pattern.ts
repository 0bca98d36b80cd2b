import { RE2JS } from "re2js";
import type { Severity } from "../core/model/severity.ts";
import type { Milliseconds } from "../core/model/time.ts";

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

/** What a message says by the rule that it matches. */
export interface LogFinding {
  rule: LogRule;
  cleared: boolean;
  instance: string | undefined;
  /** The other groups, as labels. */
  labels: Readonly<Record<string, string>>;
}

/** Applies the table: the first rule that matches decides. Linear in the message for any pattern (RE2). */
export class LogPatterns {
  private readonly compiled: readonly Compiled[];

  /** Throws an Error where a pattern is none; the configuration checks before. */
  constructor(rules: readonly LogRule[]) {
    this.compiled = rules.map((rule) => {
      const regex = RE2JS.compile(rule.pattern);
      return { rule, regex, groups: Object.keys(regex.namedGroups()) };
    });
  }

  find(app: string | undefined, text: string): LogFinding | undefined {
    for (const compiled of this.compiled) {
      const groups = groupsOf(compiled, app, text);
      if (groups === undefined) continue;
      const { rule } = compiled;
      const { instance, state, ...labels } = groups;
      const cleared =
        state === undefined ? rule.status === "resolved" : (rule.clearStates ?? []).includes(state.toLowerCase());
      return { rule, cleared, instance, labels };
    }
    return undefined;
  }
}

function groupsOf(
  { rule, regex, groups }: Compiled,
  app: string | undefined,
  text: string,
): Record<string, string> | undefined {
  if (rule.app !== undefined && rule.app !== app) return undefined;
  if (!rule.contains.some((part) => text.includes(part))) return undefined;
  const matcher = regex.matcher(text);
  if (!matcher.find()) return undefined;
  const found: Record<string, string> = {};
  for (const name of groups) {
    const value = matcher.group(name);
    if (value !== null && value !== undefined) found[name] = value;
  }
  return found;
}
