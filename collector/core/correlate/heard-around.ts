import type { RootEvidence } from "../model/correlation.ts";
import { ALARM_BEFORE_MS } from "../model/hypothesis.ts";
import type { IncidentId } from "../model/identity.ts";
import type { Milliseconds, UnixMillis } from "../model/time.ts";
import type { Moment } from "./common.ts";
import type { Habits } from "./habits.ts";
import type { Notebook } from "./notebook.ts";

/** Who alarms this long after a fault began counts as failing with it. */
const ALARM_AFTER_MS: Milliseconds = 12 * 60_000;
const SPEAKS_BEFORE_MS: Milliseconds = 5_000;
const STORM_MS: Milliseconds = 4 * 60_000;

/** What correlation remembers beside the notes of one incident. */
export interface Memory {
  notebook: Notebook;
  habits: Habits;
  /** The last storm that grew, and who was woken last. */
  storm: Moment | null;
  paged: readonly Moment[];
}

/** What was heard around a time, for those who weigh silence. */
export function heardAround(
  { notebook, habits, storm, paged }: Memory,
  incident: IncidentId | null,
  at: UnixMillis,
): Pick<RootEvidence, "alarmed" | "speaks" | "fallen" | "storm" | "habit" | "pagedAt"> {
  const alarms = notebook.alarms.begin();
  return {
    alarmed: (around) => alarms.between(around - ALARM_BEFORE_MS, around + ALARM_AFTER_MS),
    speaks: (ci, around) => notebook.speaks(ci, around - SPEAKS_BEFORE_MS, around + ALARM_AFTER_MS),
    fallen: (ci) => notebook.hasFallen(ci),
    storm: storm !== null && storm.incident !== incident && at - storm.at < STORM_MS,
    pagedAt: paged.find((page) => page.incident !== incident)?.at ?? null,
    habit: (alert) => habits.of(alert, at),
  };
}
