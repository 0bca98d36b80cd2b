import type { LogRule } from "../log-pattern.ts";

/** Two rules for a pair of messages that say the same thing in two ways. */
export const pair = (rule: Omit<LogRule, "status" | "pattern">, raise: string, clear: string): LogRule[] => [
  { ...rule, pattern: raise, status: "firing" },
  { ...rule, pattern: clear, status: "resolved" },
];
