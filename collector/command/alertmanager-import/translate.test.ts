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
      // The pager has no counterpart: what it got goes to the team.
      {
        match: { matchers: ['service=~"foo1|foo2|baz"', 'severity="critical"'] },
        receivers: ["team-x-email", "team-x-slack"],
      },
      { match: { matchers: ['service=~"foo1|foo2|baz"'] }, receivers: ["team-x-email", "team-x-slack"] },
      { match: { matchers: ['service=~"files|shares"'], times: ["offhours"] }, receivers: [] },
      { match: { matchers: ['service=~"files|shares"'] }, receivers: ["team-y"] },
      { match: { matchers: ['service="database"'], times: ["office-hours"] }, receivers: ["team-db"], continue: true },
      { match: { matchers: ['service="database"'] }, receivers: [], continue: true },
      // It has matched, so that the root is not told as well.
      { match: { matchers: ['service="database"'] }, receivers: [] },
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
    "lost route.routes.1.routes.0.receiver",
  ]);
});

test("what stands in an integration and is not carried over is told, key by key", () => {
  const { notes } = translateAlertmanager({
    route: { receiver: "a" },
    receivers: [
      {
        name: "a",
        slack_configs: [{ api_url: "https://hooks.slack.com/x", channel: "#a", title: "{{ x }}", actions: [] }],
        webhook_configs: [{ url: "https://x.example", max_alerts: 5, send_resolved: true }],
        email_configs: [{ to: "a@example.net", from: "b@example.net", smarthost: "m:25", hello: "x", html: "y" }],
      },
    ],
  });
  expect(notes.filter(({ kind }) => kind === "lost").map(({ path }) => path.slice(2).join("."))).toEqual([
    "slack_configs.0.title",
    "slack_configs.0.actions",
    "webhook_configs.0.max_alerts",
    "email_configs.0.html",
    "email_configs.0.hello",
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
  continue?: boolean;
  routes?: Theirs[];
}

const holds = (matchers: readonly string[] | undefined, labels: Labels): boolean =>
  (matchers ?? []).every((text) => {
    const parsed = parseMatchers(text);
    return parsed.status === "parsed" && matchesAll(parsed.matchers, (name) => labels[name] ?? "");
  });

/** Alertmanager's own walk (dispatch/route.go). */
function walk(route: Theirs, labels: Labels, inherited = ""): string[] {
  const receiver = route.receiver ?? inherited;
  const told: string[] = [];
  for (const child of route.routes ?? []) {
    if (!holds(child.matchers, labels)) continue;
    told.push(...walk(child, labels, receiver));
    if (child.continue !== true) break;
  }
  return told.length === 0 ? [receiver] : told;
}

/** Ours: the first that matches, and on where it continues. */
function listed(routes: readonly OurRoute[], labels: Labels): string[] {
  const told: string[] = [];
  for (const route of routes) {
    if (!holds(route.match?.matchers, labels)) continue;
    told.push(...route.receivers);
    if (route.continue !== true) break;
  }
  return told;
}

/** @param mayContinue whether routes of this depth may go on to their neighbours. */
function trees(mayContinue: boolean, depth: number): fc.Arbitrary<Theirs> {
  const name = fc.constantFrom("a", "b", "c");
  const value = fc.constantFrom("1", "2", "");
  const matcher = fc.tuple(name, fc.constantFrom("=", "!=", "=~"), value).map(([n, op, v]) => `${n}${op}"${v}"`);
  const leaf = {
    receiver: fc.option(fc.constantFrom("r0", "r1", "r2", "r3"), { nil: undefined }),
    matchers: fc.array(matcher, { minLength: 1, maxLength: 2 }),
  };
  const plain = fc.record({
    ...leaf,
    routes: depth === 0 ? fc.constant([]) : fc.array(trees(mayContinue, depth - 1), { maxLength: 3 }),
  });
  const going = fc.record({ ...leaf, continue: fc.constant(true) });
  return (mayContinue ? fc.oneof(plain, going) : plain) as fc.Arbitrary<Theirs>;
}

const WEBHOOK = { webhook_configs: [{ url: "https://example.net" }] };

test("whatever the tree, the list tells the same receivers, also where leaves continue", () => {
  const name = fc.constantFrom("a", "b", "c");
  const labels = fc.dictionary(name, fc.constantFrom("1", "2"), { noNullPrototype: true });
  fc.assert(
    fc.property(
      fc.array(trees(true, 2), { maxLength: 4 }),
      fc.array(labels, { minLength: 1, maxLength: 8 }),
      (routes, alerts) => {
        const route: Theirs = { receiver: "r0", routes };
        const receivers = ["r0", "r1", "r2", "r3"].map((one) => ({ name: one, ...WEBHOOK }));
        const { config, notes } = translateAlertmanager({ route, receivers });
        expect(notes.filter(({ path }) => path.at(-1) === "continue")).toEqual([]);
        for (const alert of alerts) expect(listed(config["routes"] as OurRoute[], alert)).toEqual(walk(route, alert));
      },
    ),
  );
});

test.each([
  {
    name: "a pager without a counterpart does not swallow what it got",
    route: { receiver: "mail", routes: [{ matchers: ['severity="critical"'], receiver: "pager" }] },
    routes: [{ match: { matchers: ['severity="critical"'] }, receivers: ["mail"] }, { receivers: ["mail"] }],
    told: ["lost route.routes.0.receiver"],
  },
  {
    name: "nobody is left to be told",
    route: { receiver: "pager" },
    routes: [{ receivers: [] }],
    told: ["lost route.receiver"],
  },
  {
    name: "a receiver that is empty on purpose stays so",
    route: { receiver: "mail", routes: [{ matchers: ['a="1"'], receiver: "null" }] },
    routes: [{ match: { matchers: ['a="1"'] }, receivers: [] }, { receivers: ["mail"] }],
    told: [],
  },
  {
    name: "a dead man's switch",
    route: {
      receiver: "mail",
      routes: [{ matchers: ['alertname="Watchdog"'], receiver: "mail", repeat_interval: "50s" }],
    },
    routes: [{ match: { matchers: ['alertname="Watchdog"'] }, receivers: ["mail"] }, { receivers: ["mail"] }],
    told: ["differs route.routes.0.repeat_interval"],
  },
  {
    name: "an interval that is not there",
    route: { receiver: "mail", mute_time_intervals: ["gone"] },
    routes: [{ receivers: ["mail"] }],
    told: ["lost route.mute_time_intervals.0"],
  },
])("$name", ({ route, routes, told }) => {
  const receivers = [
    { name: "mail", ...WEBHOOK },
    { name: "pager", opsgenie_configs: [{ api_key: "k" }] },
    { name: "null" },
  ];
  const { config, notes } = translateAlertmanager({ route, receivers, global: { http_config: { proxy_url: "x" } } });
  expect(config["routes"]).toEqual(routes);
  expect(
    notes.map(({ kind, path }) => `${kind} ${path.join(".")}`).filter((text) => !text.includes(" receivers.")),
  ).toEqual(["lost global.http_config", ...told]);
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
