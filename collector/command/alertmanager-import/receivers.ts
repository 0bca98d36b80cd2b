import { at, documentOf, listOf, textAt } from "../../ingest/field.ts";
import { intervalName } from "./intervals.ts";
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

/** `Authorization` of an HTTP client configuration. */
function authorizationOf(http: unknown, path: Note["path"], notes: Notes): Settings {
  const document = documentOf(http);
  if (document === undefined) return {};
  notes.others(
    path,
    document,
    ["authorization", "basic_auth", "bearer_token", "follow_redirects", "enable_http2"],
    "this setting of the HTTP client has no counterpart",
  );
  const credentials = textAt(at(http, "authorization", "credentials"), 8192) ?? textAt(document["bearer_token"], 8192);
  if (credentials !== undefined)
    return { authorization: `${textAt(at(http, "authorization", "type")) ?? "Bearer"} ${credentials}` };
  const user = textAt(at(http, "basic_auth", "username"));
  const password = textAt(at(http, "basic_auth", "password"), 8192);
  if (user !== undefined && password !== undefined)
    return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}` };
  if (document["authorization"] !== undefined || document["basic_auth"] !== undefined)
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
  return { webhook: { url, ...authorizationOf(at(config, "http_config"), [...path, "http_config"], notes) } };
};

const email: Translate = (config, global, path, notes) => {
  const of = (key: string, globalKey: string): unknown => at(config, key) ?? at(global, globalKey);
  const [host = "", port] = (textAt(of("smarthost", "smtp_smarthost")) ?? "").split(":");
  const to = (textAt(at(config, "to"), 4096) ?? "")
    .split(",")
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
    notes.lost(path, "there is no api_url: give a `token` and a `channel`");
    return undefined;
  }
  notes.differs(
    path,
    "an incoming webhook cannot update messages or make threads, and posts to its own channel: with `token` and `channel` both work",
  );
  return { slack: fromFile };
};

const TRANSLATIONS: Readonly<Record<string, Translate>> = {
  webhook_configs: webhook,
  email_configs: email,
  slack_configs: slack,
};

/** The keys that each of them looks at; `send_resolved` is for all. */
const LOOKED_AT: Readonly<Record<string, readonly string[]>> = {
  webhook_configs: ["url", "url_file", "http_config"],
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
  slack_configs: ["api_url", "api_url_file", "channel"],
};

/** Each of their receivers as as many of ours as it has integrations that we have. */
export function translateReceivers(config: unknown, notes: Notes): TranslatedReceivers {
  const receivers: TranslatedReceivers["receivers"] = {};
  const byName = new Map<string, readonly string[]>();
  const lost = new Set<string>();
  const global = at(config, "global");
  for (const [index, item] of listOf(at(config, "receivers")).entries()) {
    const document = documentOf(item) ?? {};
    const name = textAt(document["name"], 256) ?? `receiver-${index + 1}`;
    const found: Record<string, Settings>[] = [];
    let integrations = 0;
    for (const key of Object.keys(document).filter((one) => one.endsWith("_configs")))
      for (const [place, integration] of listOf(document[key]).entries()) {
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
  const wanted = intervalName(place === undefined ? name : `${name}-${kind}`);
  let free = wanted;
  for (let number = 2; Object.hasOwn(receivers, free); number += 1) free = `${wanted.slice(0, 60)}-${number}`;
  receivers[free] = ours;
  return free;
}
