import { formatTime, type UnixMillis } from "../../core/model/time.ts";

/** What became of one request. */
export interface RequestOutcome {
  integration: string;
  /** Opsgenie's word: Create, Close … */
  action: string;
  alias: string;
  processedAt: UnixMillis;
  /** False where no alert is open under the alias. */
  isDone: boolean;
}

const REQUESTS_MAX = 10_000;

/**
 * Opsgenie answers a request before it is processed and tells later what became of it; we answer when it is done, and
 * remember the last ones for those who ask. A restart forgets them.
 */
export class OpsgenieRequests {
  private readonly outcomes = new Map<string, RequestOutcome>();

  remember(requestId: string, outcome: RequestOutcome): void {
    if (this.outcomes.size >= REQUESTS_MAX) {
      const [oldest] = this.outcomes.keys();
      if (oldest !== undefined) this.outcomes.delete(oldest);
    }
    this.outcomes.set(requestId, outcome);
  }

  /** As `GET /v2/alerts/requests/:id` tells it, to the integration that made the request; undefined for any other. */
  status(integration: string, requestId: string): Record<string, unknown> | undefined {
    const outcome = this.outcomes.get(requestId);
    if (outcome === undefined || outcome.integration !== integration) return undefined;
    const { action, alias, processedAt, isDone } = outcome;
    return {
      success: isDone,
      isSuccess: isDone,
      action,
      processedAt: formatTime(processedAt),
      integrationId: integration,
      status: isDone ? `${action}: done` : "Alert does not exist",
      // Identifiers of ours are the aliases: whichever a sender uses, it finds its alert.
      alertId: alias,
      alias,
    };
  }
}
