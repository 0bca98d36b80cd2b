import { stringify } from "yaml";
import { formatMatcher } from "../../core/model/matcher-syntax.ts";
import type { CoreSettings, Route } from "../../core/model/settings.ts";
import type { Matcher } from "../../core/model/silence.ts";
import type { UnixMillis } from "../../core/model/time.ts";
import { UNROUTED } from "./alert-view.ts";

/** The version of Alertmanager whose API this is; clients compare it with what they need. */
export const API_VERSION = "0.34.0";

const anyOf = (name: string, values: readonly string[]): Matcher => ({
  name,
  value: values.map((value) => value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|"),
  isRegex: true,
  isEqual: true,
});

/** What a route asks for, as matchers. Priority, service and owner are no labels of alerts; they are shown as if they were. */
function matchersOf({ match }: Route): string[] {
  const matchers: Matcher[] = [];
  if (match.priorities !== undefined) matchers.push(anyOf("priority", match.priorities));
  if (match.severities !== undefined) matchers.push(anyOf("severity", match.severities));
  if (match.services !== undefined) matchers.push(anyOf("service", match.services));
  if (match.owners !== undefined) matchers.push(anyOf("owner", match.owners));
  return [...matchers, ...(match.matchers ?? [])].map(formatMatcher);
}

/**
 * Alertmanager routes have one receiver: one of ours with several becomes several that continue. Outside of its times one of
 * ours lets the next ones have the incident, and theirs does not: it stands here as one that continues, and one that only
 * keeps others from being told, for a time, does not stand here.
 */
function routesOf(route: Route): Record<string, unknown>[] {
  const matchers = matchersOf(route);
  const isTimed = route.match.times !== undefined;
  if (isTimed && route.receivers.length === 0) return [];
  const receivers = route.receivers.length === 0 ? [UNROUTED] : route.receivers;
  return receivers.map((receiver, index) => ({
    receiver,
    ...(matchers.length === 0 ? {} : { matchers }),
    ...(index < receivers.length - 1 || route.continue || isTimed ? { continue: true } : {}),
  }));
}

/**
 * Our routing as an Alertmanager configuration: valid YAML that `amtool config routes` can show and test. It says to
 * whom, not how: receivers stand there by name, without addresses or secrets.
 */
export function configText(
  settings: Readonly<CoreSettings>,
  receivers: readonly string[],
  resolveTimeoutMs: number,
): string {
  const routes = settings.routes.flatMap(routesOf);
  const named = new Set([UNROUTED, ...receivers, ...routes.map((route) => String(route["receiver"]))]);
  const config = {
    global: { resolve_timeout: `${Math.max(1, Math.round(resolveTimeoutMs / 1000))}s` },
    route: { receiver: UNROUTED, group_by: ["incident"], ...(routes.length === 0 ? {} : { routes }) },
    inhibit_rules: settings.inhibitions.map(({ source, target, equal }) => ({
      source_matchers: source.map(formatMatcher),
      target_matchers: target.map(formatMatcher),
      ...(equal.length === 0 ? {} : { equal }),
    })),
    receivers: [...named].map((name) => ({ name })),
  };
  return `# Tocsin's routes, in Alertmanager's form. Tocsin groups by incident; see its own configuration for times and the rest.\n${stringify(config, { aliasDuplicateObjects: false })}`;
}

export interface StatusFacts {
  /** This collector's name among others. */
  name: string;
  /** Where it listens, `host:port`. */
  address: string;
  /** Tocsin's own version. */
  version: string;
  startedAt: UnixMillis;
}

/** GET /status. */
export function statusDocument(facts: StatusFacts, config: string): Record<string, unknown> {
  return {
    cluster: { name: facts.name, peers: [{ name: facts.name, address: facts.address }], status: "ready" },
    config: { original: config },
    uptime: new Date(facts.startedAt).toISOString(),
    versionInfo: {
      branch: "tocsin",
      buildDate: "",
      buildUser: "",
      goVersion: "",
      revision: `tocsin-${facts.version}`,
      version: API_VERSION,
    },
  };
}
