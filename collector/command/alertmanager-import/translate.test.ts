import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { CONNECTOR_KINDS } from "../../composition/connectors.ts";
import { parseConfig } from "../../config/parse.ts";
import { matchesAll } from "../../core/model/matcher.ts";
import { parseMatchers } from "../../core/model/matcher-syntax.ts";
import type { OurRoute } from "./routes.ts";
import { translateAlertmanager } from "./translate.ts";

const EXAMPLE: unknown = parse(readFileSync(new URL("testdata/alertmanager.yml", import.meta.url), "utf8"));

test("an example with most of what there is", () => {
  const { config } = translateAlertmanager(EXAMPLE);
  expect(config).toEqual({
    alertmanager: { resolveTimeout: "10m" },
    inhibitions: [
      { source: ['severity="critical"'], target: ['severity=~"warning|info"'], equal: ["alertname", "cluster"] },
      { source: ['alertname="Down"'], target: ['alertname=~"Slow.*"'] },
    ],
    receivers: {
      "team-x-email": {
        email: {
          smtp: {
            host: "mail.example.net",
            port: 587,
            tls: "required",
            username: "alerts",
            passwordFile: "/etc/alertmanager/smtp.password",
          },
          from: "alerts@example.net",
          to: ["team-x@example.net", "lead@example.net"],
        },
      },
      "team-x-slack": { slack: { webhookUrl: "https://hooks.slack.com/services/T0/B0/XX" } },
      "team-y": { webhook: { url: "https://y.example.net/hook", authorization: "Basic dTpw" } },
      "team-db": {
        email: {
          smtp: {
            host: "relay.example.net",
            port: 25,
            tls: "required",
            username: "alerts",
            passwordFile: "/etc/alertmanager/smtp.password",
          },
          from: "alerts@example.net",
          to: ["db@example.net"],
        },
      },
    },
    timeIntervals: {
      offhours: [
        { weekdays: ["saturday", "sunday"] },
        { times: ["00:00-08:00", "18:00-00:00"], timeZone: "Europe/Berlin" },
      ],
      "office-hours": [
        {
          weekdays: ["monday:friday"],
          times: ["08:00-18:00"],
          daysOfMonth: ["1:7", "-1"],
          months: ["january:march"],
          years: ["2026"],
        },
      ],
    },
    routes: [
      { match: { matchers: ['alertname="Watchdog"'] }, receivers: [] },
      { match: { matchers: ['service=~"foo1|foo2|baz"', 'severity="critical"'] }, receivers: [] },
      { match: { matchers: ['service=~"foo1|foo2|baz"'] }, receivers: ["team-x-email", "team-x-slack"] },
      { match: { matchers: ['service=~"files|shares"'], times: ["offhours"] }, receivers: [] },
      { match: { matchers: ['service=~"files|shares"'] }, receivers: ["team-y"] },
      { match: { matchers: ['service="database"'], times: ["office-hours"] }, receivers: ["team-db"], continue: true },
      { match: { matchers: ['service="database"'] }, receivers: [], continue: true },
      { receivers: ["team-x-email", "team-x-slack"] },
    ],
  });
});

test("what was not carried over, or differs, is told with its place", () => {
  const { notes } = translateAlertmanager(EXAMPLE);
  const told = notes.map(({ kind, path }) => `${kind} ${path.join(".")}`);
  expect(told).toEqual([
    "lost nonsense",
    "lost templates",
    "differs receivers.1.slack_configs.0",
    "differs receivers.1.slack_configs.0.send_resolved",
    "lost receivers.2.pagerduty_configs.0",
    "differs receivers.3.webhook_configs.0",
    "lost receivers.3.webhook_configs.0.http_config.proxy_url",
    "differs receivers.4.email_configs.0.require_tls",
    "differs route.group_by",
    "differs route.group_wait",
    "differs route.repeat_interval",
    "differs route.routes.3.continue",
  ]);
});

test("the result is a valid configuration of ours", () => {
  const { config } = translateAlertmanager(EXAMPLE);
  const result = parseConfig(stringify(config), "tocsin.yaml", {
    readFile: () => "secret-of-a-file",
    connectors: CONNECTOR_KINDS,
  });
  expect(result.findings.filter(({ severity }) => severity === "error")).toEqual([]);
});

type Labels = Record<string, string>;
interface Theirs {
  receiver?: string;
  matchers?: string[];
  routes?: Theirs[];
}

const holds = (matchers: readonly string[] | undefined, labels: Labels): boolean =>
  (matchers ?? []).every((text) => {
    const parsed = parseMatchers(text);
    return parsed.status === "parsed" && matchesAll(parsed.matchers, (name) => labels[name] ?? "");
  });

/** Alertmanager's own walk (dispatch/route.go), for routes that do not continue. */
function walk(route: Theirs, labels: Labels, inherited = ""): string {
  const receiver = route.receiver ?? inherited;
  const child = (route.routes ?? []).find((one) => holds(one.matchers, labels));
  return child === undefined ? receiver : walk(child, labels, receiver);
}

function first(routes: readonly OurRoute[], labels: Labels): readonly string[] | undefined {
  return routes.find((route) => holds(route.match?.matchers, labels))?.receivers;
}

test("whatever the tree, the list tells the same receiver", () => {
  const name = fc.constantFrom("a", "b", "c");
  const value = fc.constantFrom("1", "2", "");
  const matcher = fc.tuple(name, fc.constantFrom("=", "!=", "=~"), value).map(([n, op, v]) => `${n}${op}"${v}"`);
  const receiver = fc.option(fc.constantFrom("r0", "r1", "r2", "r3"), { nil: undefined });
  const { tree } = fc.letrec<{ tree: Theirs }>((tie) => ({
    tree: fc.record({
      receiver,
      matchers: fc.array(matcher, { minLength: 1, maxLength: 2 }),
      routes: fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie("tree"), { maxLength: 3 })),
    }) as fc.Arbitrary<Theirs>,
  }));
  const labels = fc.dictionary(name, fc.constantFrom("1", "2"), { noNullPrototype: true });
  fc.assert(
    fc.property(
      fc.array(tree, { maxLength: 4 }),
      fc.array(labels, { minLength: 1, maxLength: 8 }),
      (routes, alerts) => {
        const route: Theirs = { receiver: "r0", routes };
        const receivers = ["r0", "r1", "r2", "r3"].map((one) => ({
          name: one,
          webhook_configs: [{ url: "https://example.net" }],
        }));
        const { config } = translateAlertmanager({ route, receivers });
        for (const alert of alerts) expect(first(config["routes"] as OurRoute[], alert)).toEqual([walk(route, alert)]);
      },
    ),
  );
});

test("any document is translated or told", () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 4 }),
      fc.constantFrom("route", "receivers", "inhibit_rules", "time_intervals", "global"),
      (value, key) => {
        const { config } = translateAlertmanager({ ...(EXAMPLE as object), [key]: value });
        JSON.stringify(config);
      },
    ),
    { numRuns: 300 },
  );
});
