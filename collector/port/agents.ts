import type { Milliseconds, UnixMillis } from "../core/model/time.ts";

/** One of our agents was heard: who it says it is. Attributes of `protocol/agent-resource.ts`. */
export interface AgentContact {
  agentId: string;
  /** Which process of it, see AGENT_RUN_HEADER; "" where it did not say. */
  run: string;
  /** It sends once and ends: it is nobody's rival. */
  isOnce: boolean;
  /** As the agent names it. */
  ci: string;
  /** "" where it did not say. */
  version: string;
  intervalMs: Milliseconds;
  at: UnixMillis;
}

export interface AgentView {
  agentId: string;
  /** The CMDB's id where the CMDB knows the CI. */
  ci: string;
  version: string;
  intervalMs: Milliseconds;
  firstSeenAt: UnixMillis;
  lastSeenAt: UnixMillis;
  /** silent: not heard for three of its intervals (at least 30 s). */
  status: "reporting" | "silent";
  /** Another agent speaks for the same CI, or this one's identity is used by another process or for another CI, at the same time. */
  duplicate: boolean;
  /** Series that are live now. */
  series: number;
}

/** Which agents are there. In memory: after a restart it fills as they are heard. */
export interface AgentDirectory {
  heard(contact: AgentContact): void;
  /** By CI, then agent id, by code unit. Walks over all series of all of them: for a person's page, not for each scrape. */
  list(): AgentView[];
  /** The CIs that an agent speaks for, by code unit. */
  cis(): string[];
  /** The CI of the agent with this identity; the first of them by code unit. */
  ciOf(agentId: string): string | undefined;
  speaksFor(ci: string): boolean;
  /** How many are not silent. */
  reporting(): number;
}

/** An agent is missing when it was not heard for three of its intervals, and never before 30 s. */
export function missingAfterMs(intervalMs: Milliseconds): Milliseconds {
  return Math.max(3 * intervalMs, 30_000);
}
