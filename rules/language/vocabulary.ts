/**
 * Every key of the rule language with what it means. The parser takes the keys from here and the reference page the
 * words, so that neither can know one that the other does not.
 */

export const PACK_KEYS = {
  name: "As the folder is called: small letters, digits and `-`.",
  version: "Of the pack; any text.",
  description: "What the pack watches.",
  rules: "The list of rules.",
} as const;

export const COMMON_KEYS = {
  name: "The event's `check`: small letters, digits and `_`. Unique in all packs that run together.",
  reason: "Why these numbers, and whom it hurts. Required: a threshold without a reason is a guess.",
  source: "Where the numbers come from.",
  runbook: "A web address, where the pack's own `runbook/<rule>.md` is not used.",
} as const;

export const METRIC_KEYS = {
  ...COMMON_KEYS,
  value: "The expression that is looked at (required).",
  while: "An expression that must be true besides; while it is not, nothing fires and what fires clears.",
  instance: "Labels that tell the instances on one CI apart (`[mountpoint]`); each has its own alert.",
  critical: "When it is critical (a condition, see below).",
  major: "When it is major.",
  minor: "When it is minor.",
  warning: "When it is a warning.",
  info: "When it is worth a note; it pages nobody.",
  summary: "One line for a person, with placeholders (required).",
  labels: "Labels to put on the alert.",
  unit: "UCUM unit in which the value is shown: `%`, `By`, `s`, `1/s`. Otherwise the metric's own.",
} as const;

export const EVENT_KEYS = {
  ...COMMON_KEYS,
  event: "Which events of other systems.",
  set: "What to change in them: `{ severity, labels }`.",
  drop: "`true`: they are not taken.",
} as const;

export const MATCH_KEYS = {
  source: "Who sent it: `nagios`, `prometheus` …",
  check: "The check's name.",
  ci: "The CI as the event names it.",
  instance: "The instance.",
  summary: "The text.",
  severity: "One or a list of severities.",
  labels: "`{ label: pattern }`; all must match.",
} as const;

export const CONDITION_KEYS = {
  above: "Fires above this number.",
  below: "Fires below this number.",
  equals: "Fires while it is exactly this number.",
  notEquals: "Fires while it is any other number.",
  clearBelow: "Beside `above`: clears only below this number (hysteresis).",
  clearAbove: "Beside `below`: clears only above this number (hysteresis).",
  times: "`3 of 5`: three of the last five samples; `3 in 10m`: three samples within ten minutes.",
  absentFor: "Fires when a series that was there sends nothing for this time.",
  reaches: "Forecast: fires when the value, on its present course and season, reaches this number …",
  within: "… within this time.",
  unusual: "Baseline: `high`, `low` or `either`. Fires when the value is unlike everything this series did before.",
  score: "Beside `unusual`: from 0 to 1, how unusual; 0.9 (the default) = twice as far out as ever before.",
  shift: "Change point: `up`, `down` or `either`. Fires when the level has moved and stayed; for a day at most.",
  by: "Beside `shift`: by at least this share of the old level.",
  onlyAbove: "Beside `reaches` and `unusual`: not before the value is above this number.",
  onlyBelow: "Beside `reaches` and `unusual`: not before the value is below this number.",
  for: "The condition must hold this long without a break. It does not run across a gap of more than three samples.",
  clearFor: "The condition must be gone this long before it clears.",
} as const;

export type ConditionKey = keyof typeof CONDITION_KEYS;

/** What decides the kind of a condition, and the keys that may stand beside it. */
export const CONDITION_KINDS = {
  above: ["clearBelow", "times", "for", "clearFor"],
  below: ["clearAbove", "times", "for", "clearFor"],
  equals: ["times", "for", "clearFor"],
  notEquals: ["times", "for", "clearFor"],
  absentFor: [],
  reaches: ["within", "onlyAbove", "onlyBelow", "for", "clearFor"],
  unusual: ["score", "onlyAbove", "onlyBelow", "for", "clearFor"],
  shift: ["by", "clearFor"],
} as const satisfies Partial<Record<ConditionKey, readonly ConditionKey[]>>;

export const FUNCTION_MEANINGS = {
  "sum(m)": "Of all series of one instance, their sum. The default in arithmetic.",
  "avg(m)": "Their mean.",
  "min(m)": "The least.",
  "max(m)": "The largest.",
  "count(m)": "How many there are.",
  "rate(m)": "Increase a second between the last two samples; a counter's restart is seen.",
  "rate(m, 5m)": "Increase a second over five minutes.",
  "increase(m, 5m)": "Increase over five minutes; what a counter counted while samples were missing is in it.",
  "delta(m, 5m)": "Difference to five minutes ago, up or down.",
  "avgOver(m, 5m)": "Mean of the last five minutes.",
  "minOver(m, 5m)": "Least value of the last five minutes.",
  "maxOver(m, 5m)": "Largest value of the last five minutes.",
  "abs(x)": "Without its sign.",
  "now()": "The sample's time in seconds since 1970, for metrics that are moments: `now() - backup.finished`.",
} as const;

export const PLACEHOLDER_MEANINGS = {
  value: "the value with its unit",
  threshold: "the number that was passed",
  expected: "what the baseline expected",
  when: "the time until a forecast comes true",
  severity: "the severity",
  ci: "the CI",
  instance: "the instance",
  "labels.NAME": "a label of `instance` or `labels`",
} as const;
