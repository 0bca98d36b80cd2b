import type { Outcome } from "../core/model/effect.ts";
import type { Command } from "../core/model/input.ts";
import { Refusal } from "../port/ingest.ts";
import type { Intake, IntakeResult, Lane, Submission } from "../port/intake.ts";

/** Submits and returns the outcomes, durable. Throws 503 with Retry-After when nothing was taken. */
export async function submit(
  intake: Intake,
  submissions: readonly Submission[],
  lane: Lane,
): Promise<readonly Outcome[]> {
  return outcomesOf(await intake.submit(submissions, lane));
}

/** Submits one command in a person's name. Throws 404, 400 or 409 when the core refuses it. */
export async function obey(intake: Intake, actor: string, command: Command): Promise<Outcome & { status: "accepted" }> {
  const [outcome] = await submit(intake, [{ kind: "command", actor, command }], "command");
  if (outcome?.status === "accepted") return outcome;
  if (outcome?.status === "rejected") throw new Refusal(statusOf(outcome.code), outcome.code, outcome.message);
  return { status: "accepted", alert: null, incident: null };
}

function outcomesOf(result: IntakeResult): readonly Outcome[] {
  if (result.status === "committed") return result.outcomes;
  if (result.status === "overloaded")
    throw new Refusal(503, "overloaded", "too much at once; nothing of this request was taken, send it again", {
      retryAfterS: Math.max(1, Math.ceil(result.retryAfterMs / 1000)),
    });
  throw new Refusal(503, "unavailable", `nothing can be stored now: ${result.reason}`, { retryAfterS: 5 });
}

/** The core's codes say what kind of refusal they are. */
function statusOf(code: string): number {
  if (code.endsWith("NotFound")) return 404;
  return code.startsWith("bad") ? 400 : 409;
}
