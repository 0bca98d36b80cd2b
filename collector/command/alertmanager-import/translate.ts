import { at, documentOf, listOf, textAt } from "../../ingest/field.ts";
import { translateIntervals } from "./intervals.ts";
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

/** Translates an Alertmanager configuration: routes, receivers, inhibition rules, time intervals. Pure. */
export function translateAlertmanager(config: unknown): Translation {
  const notes = new Notes();
  const document = documentOf(config) ?? {};
  notes.others([], document, KNOWN, "this key is not known");
  if (listOf(document["templates"]).length > 0)
    notes.lost(["templates"], "the words of messages are ours; templates of Alertmanager are not read");
  notes.others(["global"], documentOf(document["global"]) ?? {}, GLOBAL, "this setting has no counterpart");
  const { receivers, ...found } = translateReceivers(config, notes);
  const timeIntervals = translateIntervals(config, notes);
  const intervals = new Set(Object.keys(timeIntervals));
  const routes = new RouteTranslation({ receivers: found, intervals }, notes);
  if (documentOf(document["route"]) === undefined) notes.lost(["route"], "there is no route: nobody would be told");
  else routes.translate(document["route"]);
  const inhibitions = translateInhibitions(config, notes);
  const timeout = textAt(at(config, "global", "resolve_timeout"));
  return {
    config: {
      ...(timeout === undefined ? {} : { alertmanager: { resolveTimeout: timeout } }),
      ...(inhibitions.length === 0 ? {} : { inhibitions }),
      receivers,
      ...(Object.keys(timeIntervals).length === 0 ? {} : { timeIntervals }),
      routes: routes.routes,
    },
    notes: notes.list,
  };
}
