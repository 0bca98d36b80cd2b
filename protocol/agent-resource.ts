/** Resource attributes by which the collector knows one of our agents in an OTLP request. */
export const AGENT_ATTRIBUTES = {
  /** Always `tocsin-agent`. */
  serviceName: "service.name",
  /** Random, made once for a data directory: two hosts with the same one are caught. */
  agentId: "service.instance.id",
  hostName: "host.name",
  /** The CI the agent speaks for; defaults to the host's name. */
  ci: "tocsin.ci",
  /** Milliseconds between two sends; missing for three of them (at least 30 s) raises `agent_missing`. */
  intervalMs: "tocsin.agent.interval_ms",
  /** "true": it samples once and ends. It is no second agent beside one that runs, and nobody waits for it. */
  once: "tocsin.agent.once",
} as const;

export const AGENT_SERVICE_NAME = "tocsin-agent";

/** The collector names its storage epoch in each answer; when it changes, agents resend what they hold (at least 120 s). */
export const EPOCH_HEADER = "tocsin-epoch";

/** The collector's clock when the request came, milliseconds since 1970: agents measure how far theirs is from it. */
export const TIME_HEADER = "tocsin-time";

/** `GET /api/v1/agent/rules`, with `ETag` and `If-None-Match`: the rules an agent evaluates, as plain data. */
export const AGENT_RULES_PATH = "/api/v1/agent/rules";

/** `GET ?ci=…`: whether a person wants to see this agent's diagnostics, `{diagnose: name or null}`. */
export const AGENT_REQUESTS_PATH = "/api/v1/agent/requests";
