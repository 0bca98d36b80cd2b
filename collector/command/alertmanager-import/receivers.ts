import { at, type Document, documentOf, textAt } from "../../ingest/field.ts";
import { parseDuration } from "../../../protocol/duration.ts";
import { freeName, intervalName } from "./intervals.ts";
import type { Note, Notes } from "./note.ts";

type Settings = Record<string, unknown>;

export interface TranslatedReceivers {
  /** Ours, by name: one kind each. */
  receivers: Record<string, Record<string, Settings>>;
  /** Ours for each of theirs; empty = nobody. */
  byName: ReadonlyMap<string, readonly string[]>;
  /** Theirs that told somebody, of whom nothing could be carried over. */
  lost: ReadonlySet<string>;
}

/** A secret inline or in a file, as it was. */
function secretOf(config: unknown, key: string, ours: string, otherwise?: unknown): Settings {
  const file = textAt(at(config, `${key}_file`), 4096);
  if (file !== undefined) return { [`${ours}File`]: file };
  const value = textAt(at(config, key), 8192) ?? textAt(otherwise, 8192);
  return value === undefined ? {} : { [ours]: value };
}

const HTTP_KEYS = [
  "authorization",
  "basic_auth",
  "bearer_token",
  "bearer_token_file",
  "follow_redirects",
  "enable_http2",
];
const NO_HTTP_SETTING = "this setting of the HTTP client has no counterpart";

const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString("base64")}`;

/** `Authorization` of an HTTP client configuration. */
function authorizationOf(http: unknown, path: Note["path"], notes: Notes): Settings {
  const document = documentOf(http);
  if (document === undefined) return {};
  notes.others(path, document, HTTP_KEYS, NO_HTTP_SETTING);
  const credentials = textAt(at(http, "authorization", "credentials"), 8192) ?? textAt(document["bearer_token"], 8192);
  if (credentials !== undefined)
    return { authorization: `${textAt(at(http, "authorization", "type")) ?? "Bearer"} ${credentials}` };
  const user = textAt(at(http, "basic_auth", "username"));
  const password = textAt(at(http, "basic_auth", "password"), 8192);
  if (user !== undefined && password !== undefined) return { authorization: basic(`${user}:${password}`) };
  if (["authorization", "basic_auth", "bearer_token_file"].some((key) => document[key] !== undefined))
    notes.lost(path, "credentials in a file must be put into `authorizationFile`, with the scheme before them");
  return {};
}

type Translate = (
  config: unknown,
  global: unknown,
  path: Note["path"],
  notes: Notes,
) => Record<string, Settings> | undefined;

const webhook: Translate = (config, _global, path, notes) => {
  const url = textAt(at(config, "url"), 4096);
  if (url === undefined) {
    notes.lost(path, "the URL stands in a file: put it into `url`");
    return undefined;
  }
  notes.differs(
    path,
    "the message is our own (docs/guide/receivers.md), one for each incident, not Alertmanager's list of alerts",
  );
  const timeout = textAt(at(config, "timeout"));
  const timeoutMs = parseDuration(timeout ?? "") ?? 0;
  if (timeout !== undefined && (timeoutMs < TIMEOUT_MIN_MS || timeoutMs > TIMEOUT_MAX_MS))
    notes.differs([...path, "timeout"], "an attempt may take 1s to 1m: ours is the default");
  return {
    webhook: {
      ...withoutLogin(url),
      ...authorizationOf(at(config, "http_config"), [...path, "http_config"], notes),
      ...(timeoutMs < TIMEOUT_MIN_MS || timeoutMs > TIMEOUT_MAX_MS ? {} : { timeout }),
    },
  };
};

/** Bounds of ours. */
const [TIMEOUT_MIN_MS, TIMEOUT_MAX_MS] = [1000, 60_000];

/** A login in a URL is sent as a header, as Alertmanager does; ours do not stand in URLs, which are shown. */
function withoutLogin(text: string): Settings {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || `${url.username}${url.password}` === "") return { url: text };
  const authorization = basic(`${decoded(url.username)}:${decoded(url.password)}`);
  url.username = "";
  url.password = "";
  return { url: url.href, authorization };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What stands between commas; a quoted name may have one. */
const ADDRESSES = /(?:"(?:[^"\\]|\\.)*"|[^,"]|"(?!.*"))+/g;

const email: Translate = (config, global, path, notes) => {
  const of = (key: string, globalKey: string): unknown => at(config, key) ?? at(global, globalKey);
  const smarthost = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(textAt(of("smarthost", "smtp_smarthost")) ?? "");
  const [host = "", port] = [smarthost?.[1] ?? smarthost?.[2], smarthost?.[3]];
  const to = (textAt(at(config, "to"), 4096)?.match(ADDRESSES) ?? [])
    .map((address) => address.trim())
    .filter((address) => address !== "");
  const from = textAt(of("from", "smtp_from"));
  if (host === "" || from === undefined || to.length === 0) {
    notes.lost(path, "without smarthost, from and to no mail can be sent");
    return undefined;
  }
  const username = textAt(of("auth_username", "smtp_auth_username"));
  const password = {
    ...secretOf(global, "smtp_auth_password", "password"),
    ...secretOf(config, "auth_password", "password"),
  };
  for (const key of ["html", "text", "headers", "tls_config"])
    if (at(config, key) !== undefined)
      notes.lost([...path, key], "the words of a mail are ours; TLS is checked against the system's authorities");
  const isClear = of("require_tls", "smtp_require_tls") === false;
  if (isClear && username !== undefined)
    notes.differs([...path, "require_tls"], "a password is never sent without TLS: the server must offer STARTTLS");
  const smtp = {
    host,
    ...(port === undefined ? {} : { port: Number(port) }),
    tls: port === "465" ? "implicit" : isClear && username === undefined ? "ifOffered" : "required",
    ...(username === undefined ? {} : { username, ...password }),
  };
  return { email: { smtp, from, to } };
};

const slack: Translate = (config, global, path, notes) => {
  const webhookUrl = secretOf(config, "api_url", "webhookUrl", at(global, "slack_api_url"));
  const fromFile = Object.keys(webhookUrl).length === 0 ? secretOf(global, "slack_api_url", "webhookUrl") : webhookUrl;
  if (Object.keys(fromFile).length === 0) {
    const token = {
      ...secretOf(global, "slack_app_token", "token"),
      ...secretOf(config, "app_token", "token"),
    };
    const channel = textAt(at(config, "channel"));
    if (Object.keys(token).length > 0 && channel !== undefined) return { slack: { ...token, channel } };
    notes.lost(path, "there is no api_url: give a `token` and a `channel`");
    return undefined;
  }
  notes.differs(
    path,
    "an incoming webhook cannot update messages or make threads, and posts to its own channel: with `token` and `channel` both work",
  );
  return { slack: fromFile };
};

const jira: Translate = (config, global, path, notes) => {
  const basicAuth = at(config, "http_config", "basic_auth");
  const url = textAt(at(config, "api_url") ?? at(global, "jira_api_url"), 4096);
  const [username, project] = [textAt(at(basicAuth, "username")), textAt(at(config, "project"))];
  const issueType = textAt(at(config, "issue_type"));
  const apiToken = secretOf(basicAuth, "password", "apiToken");
  if (
    url === undefined ||
    username === undefined ||
    project === undefined ||
    issueType === undefined ||
    Object.keys(apiToken).length === 0
  ) {
    notes.lost(
      path,
      "a desk needs api_url, project, issue_type and http_config.basic_auth: see `jiraServiceManagement`",
    );
    return undefined;
  }
  const http = documentOf(at(config, "http_config")) ?? {};
  notes.others([...path, "http_config"], http, ["basic_auth", "follow_redirects", "enable_http2"], NO_HTTP_SETTING);
  const [resolve, reopen] = [textAt(at(config, "resolve_transition")), textAt(at(config, "reopen_transition"))];
  const transitions = {
    ...(resolve === undefined ? {} : { resolve }),
    ...(reopen === undefined ? {} : { reopen }),
  };
  return {
    jiraServiceManagement: {
      url: url.replace(/\/rest\/api\/\d+\/?$/, ""),
      username,
      ...apiToken,
      project,
      issueType,
      ...(Object.keys(transitions).length === 0 ? {} : { transitions }),
    },
  };
};

const TRANSLATIONS: Readonly<Record<string, Translate>> = {
  webhook_configs: webhook,
  email_configs: email,
  slack_configs: slack,
  jira_configs: jira,
};

/** The keys that each of them looks at; `send_resolved` is for all. */
const LOOKED_AT: Readonly<Record<string, readonly string[]>> = {
  webhook_configs: ["url", "url_file", "http_config", "timeout"],
  email_configs: [
    "to",
    "from",
    "smarthost",
    "require_tls",
    "auth_username",
    "auth_password",
    "auth_password_file",
    "html",
    "text",
    "headers",
    "tls_config",
  ],
  slack_configs: ["api_url", "api_url_file", "app_token", "app_token_file", "channel"],
  jira_configs: ["api_url", "project", "issue_type", "http_config", "resolve_transition", "reopen_transition"],
};

/** Each of their receivers as as many of ours as it has integrations that we have. */
export function translateReceivers(config: Document, notes: Notes): TranslatedReceivers {
  const receivers: TranslatedReceivers["receivers"] = {};
  const byName = new Map<string, readonly string[]>();
  const lost = new Set<string>();
  const global = at(config, "global");
  for (const [index, item] of notes.listAt(config, "receivers", []).entries()) {
    const document = documentOf(item) ?? {};
    const name = textAt(document["name"], 256) ?? `receiver-${index + 1}`;
    const found: Record<string, Settings>[] = [];
    const keys = Object.keys(document).filter((key) => key.endsWith("_configs"));
    notes.others(["receivers", index], document, ["name", ...keys], "this key is not known");
    // Whoever stands under a key that is not known was meant to be told.
    let integrations = Object.keys(document).filter((key) => key !== "name" && !keys.includes(key)).length;
    for (const key of keys) {
      if (!Array.isArray(document[key]) && document[key] !== null) integrations += 1;
      for (const [place, integration] of notes.listAt(document, key, ["receivers", index]).entries()) {
        const path = ["receivers", index, key, place];
        integrations += 1;
        const translate = Object.hasOwn(TRANSLATIONS, key) ? TRANSLATIONS[key] : undefined;
        const ours = translate?.(integration, global, path, notes);
        if (translate === undefined) notes.lost(path, `there is no connector for ${key.replace(/_configs$/, "")} yet`);
        if (ours === undefined) continue;
        const known = ["send_resolved", ...(LOOKED_AT[key] ?? [])];
        notes.others(
          path,
          documentOf(integration) ?? {},
          known,
          "there is nothing like it here; the words of messages are ours",
        );
        if (at(integration, "send_resolved") === false)
          notes.differs([...path, "send_resolved"], "who was told of a fire is always told of its end");
        found.push(ours);
      }
    }
    if (integrations > 0 && found.length === 0) lost.add(name);
    byName.set(
      name,
      found.map((ours, place) => keep(receivers, name, ours, found.length === 1 ? undefined : place)),
    );
  }
  return { receivers, byName, lost };
}

/** Under a name that is free and that names may have here. */
function keep(
  receivers: TranslatedReceivers["receivers"],
  name: string,
  ours: Record<string, Settings>,
  place: number | undefined,
): string {
  const kind = Object.keys(ours)[0] ?? "";
  const free = freeName(intervalName(place === undefined ? name : `${name}-${kind}`), receivers);
  receivers[free] = ours;
  return free;
}
