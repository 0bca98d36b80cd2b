/** `a-` and 16 hex digits of the identity (CI, source, check, instance); the same in every episode. */
export type AlertId = string;

/** `inc-` and 12 hex digits, from the first alert, its episode and the number: unique also across a new data directory. */
export type IncidentId = string;
