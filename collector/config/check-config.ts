import { isIP } from "node:net";
import type { ConnectorKind } from "../port/connector.ts";
import type { HostPort } from "../port/config-schema.ts";
import { compileRegex } from "../core/model/regex.ts";
import { WEBHOOK_KINDS } from "../port/ingest-config.ts";
import type { TocsinConfig } from "./config.ts";
import { type Decoding, report } from "./decoding.ts";
import { didYouMean } from "./document/suggest.ts";

interface CheckOptions {
  connectors: readonly ConnectorKind[];
  refusalOfHost?: (host: string, allowed: readonly string[]) => string | null;
  /** Names of receivers, also of those that could not be read; absent = all could. */
  declared?: readonly string[];
}

/** Shorter bearer tokens can be guessed. */
const TOKEN_LENGTH_MIN = 16;

/** The rules that span several keys. */
export function checkConfig(config: TocsinConfig, decoding: Decoding, options: CheckOptions): void {
  checkListen(config, decoding);
  checkStore(config, decoding);
  checkTokens(config, decoding);
  checkReceivers(config, decoding, options);
  checkRoutes(config, decoding, options.declared);
  checkValues(config, decoding);
  checkIngest(config, decoding);
}

/** A webhook is one of the built-in kinds or has a mapping; patterns of log rules are RE2. */
function checkIngest({ ingest }: TocsinConfig, decoding: Decoding): void {
  for (const [name, { mapping, secret }] of Object.entries(ingest.webhooks)) {
    const path = ["ingest", "webhooks", name];
    const isBuiltIn = WEBHOOK_KINDS.includes(name);
    if (isBuiltIn && mapping !== undefined)
      report(
        decoding,
        "CONFIG_CONTRADICTION",
        [...path, "mapping"],
        `the webhook "${name}" is built in and needs no mapping`,
        {
          hint: "give yours another name",
        },
      );
    if (!isBuiltIn && mapping === undefined)
      report(decoding, "CONFIG_CONTRADICTION", path, `there is no built-in webhook "${name}"`, {
        hint: `${didYouMean(name, WEBHOOK_KINDS)}give it a mapping, or use one of ${WEBHOOK_KINDS.join(", ")}`,
      });
    if (isBuiltIn && secret !== undefined && !SIGNING_KINDS.has(name))
      report(decoding, "CONFIG_CONTRADICTION", [...path, "secret"], `senders of "${name}" sign nothing`, {
        hint: "use a token instead: in the Authorization header, or as /webhooks/KIND/TOKEN",
      });
  }
  ingest.syslog?.rules.forEach(({ pattern }, index) => {
    const result = compileRegex(pattern);
    if (result.status === "compiled") return;
    const message = `the pattern is not valid RE2: ${result.message}, at character ${result.offset + 1}`;
    report(decoding, "CONFIG_BAD_VALUE", ["ingest", "syslog", "rules", index, "pattern"], message);
  });
}

const SIGNING_KINDS: ReadonlySet<string> = new Set(["github", "gitlab", "grafana", "sentry"]);

/** Only this host can reach it. */
export function isLoopback({ host }: HostPort): boolean {
  if (host.toLowerCase() === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}

function checkListen({ listen, tokens }: TocsinConfig, decoding: Decoding): void {
  if (tokens.length > 0 || isLoopback(listen)) return;
  const address = `${listen.host === "" ? "every address" : listen.host}, port ${listen.port}`;
  const message = `listening on ${address} without "auth" would let anyone in`;
  report(decoding, "CONFIG_OPEN_LISTEN", ["listen"], message, {
    hint: "add auth: { tokens: [ … ] }, or listen on 127.0.0.1",
  });
}

function checkStore({ redis }: TocsinConfig, decoding: Decoding): void {
  if (redis === null) return;
  report(
    decoding,
    "CONFIG_NOT_SERVED",
    ["redis"],
    "the Redis store is not there yet, and no collector starts with it",
    {
      hint: "leave out redis and --redis: the embedded store is used then",
      part: "key",
    },
  );
}

function checkTokens({ tokens }: TocsinConfig, decoding: Decoding): void {
  const names = new Set<string>();
  const values = new Map<string, string>();
  tokens.forEach(({ name, role, token, ci }, index) => {
    const path = ["auth", "tokens", index];
    if (ci !== undefined && role !== "agent")
      report(decoding, "CONFIG_CONTRADICTION", [...path, "ci"], `a token of the role ${role} is not bound to a CI`, {
        hint: "remove ci, or give it the role agent",
      });
    if (names.has(name))
      report(decoding, "CONFIG_DUPLICATE_NAME", [...path, "name"], `two tokens have the name "${name}"`, {
        hint: "the name tells who acted: give each its own",
      });
    names.add(name);
    const value = token.reveal();
    const twin = values.get(value);
    if (twin !== undefined)
      report(decoding, "CONFIG_DUPLICATE_NAME", path, `the token of "${name}" is the same as that of "${twin}"`, {
        hint: "make a new one: openssl rand -hex 24",
      });
    values.set(value, name);
    if (value.length < TOKEN_LENGTH_MIN)
      decoding.problems.warning(
        "CONFIG_WEAK_TOKEN",
        path,
        `the token of "${name}" has fewer than ${TOKEN_LENGTH_MIN} characters`,
        "make a new one: openssl rand -hex 24",
      );
  });
}

function checkReceivers(config: TocsinConfig, decoding: Decoding, { connectors, refusalOfHost }: CheckOptions): void {
  for (const { name, kind, settings } of config.receivers) {
    const connector = connectors.find((candidate) => candidate.kind === kind);
    const path = ["receivers", name, kind];
    for (const { key, message, hint } of connector?.check?.(settings) ?? [])
      report(decoding, "CONFIG_CONTRADICTION", key === "" ? path : [...path, key], message, { hint });
    for (const host of connector?.targets?.(settings) ?? []) {
      const refusal = refusalOfHost?.(host, config.limits.allowPrivateTargets) ?? null;
      if (refusal === null) continue;
      const message = `receiver "${name}" calls ${host}, ${refusal}: it will be refused`;
      const hint = `add limits: { allowPrivateTargets: ["${isIP(host) === 0 ? "127.0.0.1" : host}"] } if that is meant`;
      decoding.problems.warning("CONFIG_PRIVATE_TARGET", path, message, hint);
    }
  }
}

function checkRoutes(
  { routes, receivers, timeIntervals }: TocsinConfig,
  decoding: Decoding,
  names: readonly string[] = receivers.map(({ name }) => name),
): void {
  const intervals = timeIntervals.map(({ name }) => name);
  const used = new Set<string>();
  let takesEverything: number | undefined;
  routes.forEach((route, index) => {
    const path = ["routes", index];
    route.receivers.forEach((name, place) => {
      used.add(name);
      if (!names.includes(name))
        report(decoding, "CONFIG_UNKNOWN_RECEIVER", [...path, "receivers", place], `there is no receiver "${name}"`, {
          hint: didYouMean(name, names),
        });
    });
    route.match.times?.forEach((name, place) => {
      if (!intervals.includes(name))
        report(
          decoding,
          "CONFIG_UNKNOWN_TIME_INTERVAL",
          [...path, "match", "times", place],
          `there is no time interval "${name}"`,
          {
            hint: didYouMean(name, intervals) || "add it under timeIntervals",
          },
        );
    });
    if (takesEverything !== undefined)
      decoding.problems.warning(
        "CONFIG_UNREACHABLE_ROUTE",
        path,
        `route ${index + 1} is never tried: route ${takesEverything + 1} takes everything`,
        `move it up, or give route ${takesEverything + 1} "continue: true"`,
      );
    else if (Object.keys(route.match).length === 0 && !route.continue) takesEverything = index;
  });
  for (const name of names)
    if (!used.has(name) && routes.length > 0)
      decoding.problems.warning(
        "CONFIG_UNUSED_RECEIVER",
        ["receivers", name],
        `no route names receiver "${name}"`,
        "",
        "key",
      );
  if (names.length > 0 && routes.length === 0)
    decoding.problems.warning(
      "CONFIG_NO_ROUTE",
      ["receivers"],
      "there are receivers, but no routes: nobody will be told anything",
      `add routes: [{ receivers: [${names[0] ?? ""}] }]`,
      "key",
    );
}

function checkValues({ correlation, maintenance, limits }: TocsinConfig, decoding: Decoding): void {
  if (correlation.settleMinMs > correlation.settleMaxMs)
    report(decoding, "CONFIG_CONTRADICTION", ["correlation", "settle", "min"], "settle.min is longer than settle.max", {
      hint: "make settle.min the shorter one",
    });
  if (limits.bodySizeMaxBytes > limits.decompressedSizeMaxBytes)
    report(decoding, "CONFIG_CONTRADICTION", ["limits", "bodySize"], "bodySize is larger than decompressedSize", {
      hint: "a body that arrives uncompressed must fit both",
    });
  const ids = new Set<string>();
  maintenance.forEach((window, index) => {
    const path = ["maintenance", index];
    if (window.to <= window.from)
      report(decoding, "CONFIG_CONTRADICTION", [...path, "to"], "the window ends before it begins");
    if (ids.has(window.id))
      report(
        decoding,
        "CONFIG_DUPLICATE_NAME",
        path,
        `two maintenance windows are the same or have the id "${window.id}"`,
      );
    ids.add(window.id);
  });
}
