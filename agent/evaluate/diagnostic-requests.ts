import { AGENT_REQUESTS_PATH } from "../../protocol/agent-resource.ts";
import type { Clock } from "../clock.ts";
import type { Log } from "../log.ts";
import type { Collectors } from "../send/collectors.ts";
import type { Watch } from "../watch/check.ts";

export interface DiagnosticRequestsOptions {
  clock: Clock;
  log: Log;
  collectors: Pick<Collectors, "send">;
  ci: string;
  /** What an alert brings along anyway; nothing else can be asked for. */
  diagnose: (by: string) => Promise<unknown>;
}

const ASK_EVERY_MS = 60_000;
/** A collector that knows no such requests is asked again after this. */
const REST_MS = 60 * 60_000;
const NAME_CHARACTERS_MAX = 100;

/** Asks once a minute whether a person wants to see this host's diagnostics. The answer is yes or no: it is no command. */
export function createDiagnosticRequests(options: DiagnosticRequestsOptions): Watch {
  const { clock, log, collectors, ci, diagnose } = options;
  let dueAtMs = clock.monotonic() + ASK_EVERY_MS;
  let busy = false;

  const ask = async (): Promise<void> => {
    const path = `${AGENT_REQUESTS_PATH}?ci=${encodeURIComponent(ci)}`;
    const { answer } = await collectors.send({ method: "GET", path, headers: { accept: "application/json" } });
    // Not reachable, or in trouble: the sender already tells that.
    if (answer.kind === "failed" || answer.status >= 500) return;
    if (answer.status !== 200) {
      dueAtMs = clock.monotonic() + REST_MS;
      return;
    }
    const by = whoAsked(answer.body.toString("utf8"));
    if (by !== null) await diagnose(by);
  };

  return {
    name: "requests",
    tick() {
      if (busy || clock.monotonic() < dueAtMs) return;
      busy = true;
      dueAtMs = clock.monotonic() + ASK_EVERY_MS;
      ask()
        .catch((error: unknown) => log.debug("requests could not be asked for", { error: String(error) }))
        .finally(() => {
          busy = false;
        });
    },
  };
}

function whoAsked(body: string): string | null {
  try {
    const { diagnose } = JSON.parse(body) as { diagnose?: unknown };
    return typeof diagnose === "string" && diagnose !== "" ? diagnose.slice(0, NAME_CHARACTERS_MAX) : null;
  } catch {
    // Whatever answers there, it is no collector.
    return null;
  }
}
