import { at, documentOf, listOf, textAt } from "../../ingest/field.ts";
import { JointIntervals, translateIntervals } from "./intervals.ts";
import { type Note, Notes } from "./note.ts";
import { translateReceivers } from "./receivers.ts";
import { RouteTranslation, translateInhibitions } from "./routes.ts";

/** Our configuration as plain data, and what could not be carried over. */
export interface Translation {
  config: Record<string, unknown>;
  notes: readonly Note[];
}

const KNOWN = [
  "global",
  "route",
  "receivers",
  "inhibit_rules",
  "mute_time_intervals",
  "time_intervals",
  "templates",
  "tracing",
];

/** Keys of `global` that are carried over, or belong to integrations that are told of one by one. */
const GLOBAL = [
  "resolve_timeout",
  "smtp_smarthost",
  "smtp_from",
  "smtp_auth_username",
  "smtp_auth_password",
  "smtp_auth_password_file",
  "smtp_require_tls",
  "smtp_hello",
  "slack_api_url",
  "slack_api_url_file",
  "slack_app_token",
  "slack_app_token_file",
  "jira_api_url",
  "pagerduty_url",
  "opsgenie_api_url",
  "opsgenie_api_key",
  "opsgenie_api_key_file",
  "victorops_api_url",
  "victorops_api_key",
  "wechat_api_url",
  "telegram_api_url",
  "webex_api_url",
];

const MASKED = "this secret is masked, as Alertmanager shows its configuration: put it into the result";

/** Where a secret was hidden. */
function maskedIn(value: unknown, path: Note["path"]): Note["path"][] {
  if (value === "<secret>") return [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) =>
    maskedIn(item, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

/** Translates an Alertmanager configuration: routes, receivers, inhibition rules, time intervals. Pure. */
export function translateAlertmanager(config: unknown): Translation {
  const notes = new Notes();
  const document = documentOf(config) ?? {};
  notes.others([], document, KNOWN, "this key is not known");
  for (const path of maskedIn(document, [])) notes.lost(path, MASKED);
  if (listOf(document["templates"]).length > 0)
    notes.lost(["templates"], "the words of messages are ours; templates of Alertmanager are not read");
  notes.others(["global"], documentOf(document["global"]) ?? {}, GLOBAL, "this setting has no counterpart");
  const { receivers, ...found } = translateReceivers(document, notes);
  const { intervals: theirs, byName: intervals } = translateIntervals(document, notes);
  const joint = new JointIntervals(theirs);
  const route = documentOf(document["route"]);
  if (route === undefined) notes.lost(["route"], "there is no route: nobody would be told");
  const routes =
    route === undefined ? [] : new RouteTranslation({ receivers: found, intervals, joint }, notes).translate(route);
  const timeIntervals = { ...theirs, ...joint.of(new Set(routes.flatMap(({ match }) => match?.times ?? []))) };
  const inhibitions = translateInhibitions(document, notes);
  const timeout = textAt(at(config, "global", "resolve_timeout"));
  return {
    config: {
      ...(timeout === undefined ? {} : { alertmanager: { resolveTimeout: timeout } }),
      ...(inhibitions.length === 0 ? {} : { inhibitions }),
      receivers,
      ...(Object.keys(timeIntervals).length === 0 ? {} : { timeIntervals }),
      routes,
    },
    notes: notes.list,
  };
}
