import { readFileSync } from "node:fs";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { CONNECTOR_KINDS } from "../../composition/connectors.ts";
import { coreSettings } from "../../config/core-settings.ts";
import { parseConfig } from "../../config/parse.ts";
import { matchesAll } from "../../core/model/matcher.ts";
import { parseMatchers } from "../../core/model/matcher-syntax.ts";
import type { OurRoute } from "./route-list.ts";
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
      { match: { matchers: ['service="database"'], times: ["office-hours"] }, receivers: ["team-db"] },
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
  mute_time_intervals?: string[];
  active_time_intervals?: string[];
}

const holds = (matchers: readonly string[] | undefined, labels: Labels): boolean =>
  (matchers ?? []).every((text) => {
    const parsed = parseMatchers(text);
    return parsed.status === "parsed" && matchesAll(parsed.matchers, (name) => labels[name] ?? "");
  });

/** Whether an interval of this name holds. */
type IsIn = (name: string) => boolean;

/** Alertmanager's own walk (dispatch/route.go); a route that is muted, or not active, has matched and tells nobody. */
function walk(route: Theirs, labels: Labels, isIn: IsIn, inherited = ""): string[] | undefined {
  const receiver = route.receiver ?? inherited;
  const told: string[] = [];
  let hasMatched = false;
  for (const child of route.routes ?? []) {
    if (!holds(child.matchers, labels)) continue;
    hasMatched = true;
    told.push(...(walk(child, labels, isIn, receiver) ?? []));
    if (child.continue !== true) break;
  }
  if (hasMatched) return told;
  const { mute_time_intervals: muted = [], active_time_intervals: active = [] } = route;
  return muted.some(isIn) || (active.length > 0 && !active.some(isIn)) ? [] : [receiver];
}

/** Ours: the first that matches, and on where it continues. */
function listed(routes: readonly OurRoute[], labels: Labels, isIn: IsIn): string[] {
  const told: string[] = [];
  for (const { match, receivers, continue: goesOn } of routes) {
    if (!holds(match?.matchers, labels)) continue;
    if (match?.times !== undefined && !match.times.some(isIn)) continue;
    told.push(...receivers);
    if (goesOn !== true) break;
  }
  return told;
}

/** What of our intervals holds at a time, as far as they are used here. */
function intervalsAt(config: Record<string, unknown>, at: string): IsIn {
  const settings = parseConfig(stringify({ timeIntervals: config["timeIntervals"] ?? {} }), "t.yaml", {
    readFile: () => "",
    connectors: CONNECTOR_KINDS,
  });
  const now = Date.parse(at);
  if (settings.status === "invalid") throw new Error(JSON.stringify(settings.findings));
  const known = coreSettings(settings.config, now).timeIntervals;
  const holding = known.filter(({ spans }) => spans.some(({ from, to }) => from <= now && now < to));
  const names = new Set(holding.map(({ name }) => name));
  return (name) => names.has(name);
}

/** A working day, its night, a saturday, christmas on a working day and on a sunday, and the night of that. */
const TIMES = ["2026-03-04T12:00:00Z", "2026-03-04T23:00:00Z", "2026-03-07T12:00:00Z", "2026-12-25T12:00:00Z"].concat([
  "2027-12-26T12:00:00Z",
  "2027-12-26T03:00:00Z",
]);

const distinct = (names: readonly string[] | undefined): string[] => [...new Set(names)].sort();

/** @param times whether routes name intervals. */
function trees(times: boolean, depth: number): fc.Arbitrary<Theirs> {
  const name = fc.constantFrom("a", "b", "c");
  const value = fc.constantFrom("1", "2", "");
  const matcher = fc.tuple(name, fc.constantFrom("=", "!=", "=~"), value).map(([n, op, v]) => `${n}${op}"${v}"`);
  const intervals = fc.subarray(times ? ["night", "weekend", "xmas", "never"] : [], { maxLength: times ? 2 : 0 });
  return fc.record({
    receiver: fc.option(fc.constantFrom("r0", "r1", "r2", "r3"), { nil: undefined }),
    matchers: fc.array(matcher, { minLength: 1, maxLength: 2 }),
    routes: depth === 0 ? fc.constant([]) : fc.array(trees(times, depth - 1), { maxLength: 2 }),
    continue: fc.boolean(),
    mute_time_intervals: intervals,
    active_time_intervals: intervals,
  }) as fc.Arbitrary<Theirs>;
}

const WEBHOOK = { webhook_configs: [{ url: "https://example.net" }] };
const RECEIVERS = ["r0", "r1", "r2", "r3"].map((one) => ({ name: one, ...WEBHOOK }));
const TIME_INTERVALS = [
  {
    name: "night",
    time_intervals: [
      { times: [{ start_time: "22:00", end_time: "24:00" }] },
      { times: [{ start_time: "00:00", end_time: "06:00" }] },
    ],
  },
  { name: "weekend", time_intervals: [{ weekdays: ["saturday", "sunday"] }] },
  { name: "xmas", time_intervals: [{ months: ["december"], days_of_month: ["24:26"] }] },
  { name: "never", time_intervals: [] },
];

test.each([
  { name: "whatever the tree, the list tells the same receivers", times: false },
  { name: "whatever the tree and its intervals, the list tells the same receivers", times: true },
])("$name", ({ times }) => {
  const labels = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.constantFrom("1", "2"), { noNullPrototype: true });
  fc.assert(
    fc.property(
      fc.array(trees(times, times ? 1 : 2), { maxLength: 3 }),
      fc.array(labels, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(...TIMES),
      (routes, alerts, at) => {
        const route: Theirs = { receiver: "r0", routes };
        const input = { route, receivers: RECEIVERS, time_intervals: TIME_INTERVALS };
        const { config, notes } = translateAlertmanager(input);
        const isIn = times ? intervalsAt(config, at) : () => false;
        // Too many endings: more is told, never less.
        const differs = notes.some(({ path }) => path.at(-1) === "continue");
        expect(differs && !times).toBe(false);
        for (const alert of alerts) {
          const ours = distinct(listed(config["routes"] as OurRoute[], alert, isIn));
          const theirs = distinct(walk(route, alert, isIn));
          expect(ours).toEqual(differs ? expect.arrayContaining(theirs) : theirs);
        }
      },
    ),
    { numRuns: times ? 60 : 100 },
  );
});

test.each<{ name: string; child: Theirs; told: Record<string, string[]> }>([
  {
    name: "a route that is muted at night and goes on",
    child: { receiver: "r1", matchers: ['a="1"'], mute_time_intervals: ["night"], continue: true },
    told: { night: ["r3"], day: ["r1", "r3"] },
  },
  {
    name: "a route with children that goes on",
    child: {
      receiver: "r1",
      matchers: ['a="1"'],
      continue: true,
      routes: [{ receiver: "r2", matchers: ['b="1"'] }],
    },
    told: { night: ["r2", "r3"], day: ["r2", "r3"] },
  },
  {
    name: "a route that is active in an interval without times",
    child: { receiver: "r1", matchers: ['a="1"'], active_time_intervals: ["never"], continue: true },
    told: { night: ["r3"], day: ["r3"] },
  },
])("told as in Alertmanager: $name", ({ child, told }) => {
  const route: Theirs = { receiver: "r0", routes: [child, { receiver: "r3", matchers: ['b="1"'] }] };
  const { config, notes } = translateAlertmanager({ route, receivers: RECEIVERS, time_intervals: TIME_INTERVALS });
  expect(notes.filter(({ path }) => path[0] === "route")).toEqual([]);
  for (const [when, receivers] of Object.entries(told)) {
    const isIn = (name: string): boolean => name === when;
    expect(distinct(listed(config["routes"] as OurRoute[], { a: "1", b: "1" }, isIn))).toEqual(receivers);
  }
});

test("two routes that go on, each with times of its own, are asked together by an interval that is made for it", () => {
  const child = (receiver: string, muted: string): Theirs => ({
    receiver,
    matchers: ['a="1"'],
    mute_time_intervals: [muted],
    continue: true,
  });
  const { config, notes } = translateAlertmanager({
    route: { receiver: "r0", routes: [child("r1", "night"), child("r2", "weekend"), { matchers: ['a="1"'] }] },
    receivers: RECEIVERS,
    time_intervals: TIME_INTERVALS,
  });
  expect(notes.filter(({ path }) => path[0] === "route")).toEqual([]);
  expect(config["timeIntervals"]).toHaveProperty("night-and-weekend", [
    { weekdays: ["saturday", "sunday"], times: ["22:00-00:00"] },
    { weekdays: ["saturday", "sunday"], times: ["00:00-06:00"] },
  ]);
});

test.each<{ name: string; route: object; lost: string[] }>([
  {
    name: "a matcher that cannot be read",
    route: { receiver: "r1", matchers: ["foo=bar,baz"] },
    lost: ["route.routes.0.matchers.0", "route.routes.0"],
  },
  {
    name: "a regular expression that is none",
    route: { receiver: "r1", match_re: { a: "[" } },
    lost: ["route.routes.0", "route.routes.0"],
  },
  {
    name: "matchers of another type",
    route: { receiver: "r1", match: ["a"] },
    lost: ["route.routes.0.match", "route.routes.0"],
  },
])("a route takes nothing that it was not meant to take: $name", ({ route, lost }) => {
  const { config, notes } = translateAlertmanager({ route: { receiver: "r0", routes: [route] }, receivers: RECEIVERS });
  expect(config["routes"]).toEqual([{ receivers: ["r0"] }]);
  expect(notes.filter(({ kind }) => kind === "lost").map(({ path }) => path.join("."))).toEqual(lost);
});

test("every key that nobody knows is told", () => {
  const { config, notes } = translateAlertmanager({
    route: { receiver: "r0", group: [], routes: [{ recevier: "r1", matchers: 'a="1"', continue: true }] },
    receivers: [
      ...RECEIVERS,
      { name: "mail", email_config: [] },
      { name: "chat", slack_configs: { api_url: "https://x" } },
    ],
    inhibit_rules: [
      { source_matchers: ['a="1"'], target_matcher: ['b="1"'] },
      { source_matchers: ["a"], target_matchers: ['b="1"'] },
    ],
    time_intervals: [{ name: "x", time_intervals: [{ weekday: ["monday"] }], zone: "UTC" }],
  });
  const told = notes.filter(({ kind }) => kind === "lost").map(({ path }) => path.join("."));
  expect(told).toEqual([
    "receivers.4.email_config",
    "receivers.5.slack_configs",
    "time_intervals.0.zone",
    "time_intervals.0.time_intervals.0.weekday",
    "route.group",
    "route.routes.0.recevier",
    "inhibit_rules.0.target_matcher",
    "inhibit_rules.0",
    "inhibit_rules.1.source_matchers.0",
    "inhibit_rules.1",
  ]);
  expect(config).not.toHaveProperty("inhibitions");
});

test("an inhibition without a source is one by every other alert", () => {
  const { config, notes } = translateAlertmanager({
    route: { receiver: "r0" },
    receivers: RECEIVERS,
    inhibit_rules: [{ target_matchers: ["alertname = InfoInhibitor"] }],
  });
  expect(config["inhibitions"]).toEqual([{ source: ['alertname=~".*"'], target: ['alertname="InfoInhibitor"'] }]);
  expect(notes.filter(({ path }) => path[0] === "inhibit_rules")).toEqual([]);
});

test("intervals whose names are equal here stay two", () => {
  const interval = (name: string, from: string): object => ({
    name,
    time_intervals: [{ times: [{ start_time: from, end_time: "24:00" }] }],
  });
  const { config } = translateAlertmanager({
    route: { receiver: "r0", routes: [{ matchers: ['a="1"'], active_time_intervals: ["out of hours"] }] },
    receivers: RECEIVERS,
    time_intervals: [interval("out-of-hours", "20:00"), interval("out of hours", "22:00")],
  });
  expect(config["timeIntervals"]).toEqual({
    "out-of-hours": [{ times: ["20:00-00:00"] }],
    "out-of-hours-2": [{ times: ["22:00-00:00"] }],
  });
  expect((config["routes"] as OurRoute[])[0]?.match?.times).toEqual(["out-of-hours-2"]);
});

test.each([
  {
    name: "a login in a webhook's URL",
    receiver: { webhook_configs: [{ url: "https://u:p%40@hooks.example.net/a?token=1", timeout: "10s" }] },
    ours: {
      webhook: { url: "https://hooks.example.net/a?token=1", authorization: "Basic dTpwQA==", timeout: "10s" },
    },
  },
  {
    name: "a mail server by its address, and names with commas",
    receiver: {
      email_configs: [
        { smarthost: "[2001:db8::1]:25", from: "a@b.c", to: '"Doe, Jane" <jane@b.c>, ops@b.c', require_tls: false },
      ],
    },
    ours: {
      email: {
        smtp: { host: "2001:db8::1", port: 25, tls: "ifOffered" },
        from: "a@b.c",
        to: ['"Doe, Jane" <jane@b.c>', "ops@b.c"],
      },
    },
  },
  {
    name: "an app of Slack",
    receiver: { slack_configs: [{ app_token: "xoxb-1", channel: "#x" }] },
    ours: { slack: { token: "xoxb-1", channel: "#x" } },
  },
  {
    name: "a desk in Jira",
    receiver: {
      jira_configs: [
        {
          api_url: "https://example.atlassian.net/rest/api/3",
          project: "OPS",
          issue_type: "Incident",
          reopen_transition: "Reopen",
          http_config: { basic_auth: { username: "a@b.c", password_file: "/etc/jira" } },
        },
      ],
    },
    ours: {
      jiraServiceManagement: {
        url: "https://example.atlassian.net",
        username: "a@b.c",
        apiTokenFile: "/etc/jira",
        project: "OPS",
        issueType: "Incident",
        transitions: { reopen: "Reopen" },
      },
    },
  },
])("carried over whole: $name", ({ receiver, ours }) => {
  const { config, notes } = translateAlertmanager({
    route: { receiver: "one" },
    receivers: [{ name: "one", ...receiver }],
  });
  expect(config["receivers"]).toEqual({ one: ours });
  expect(notes.filter(({ kind }) => kind === "lost")).toEqual([]);
});

test("a secret that Alertmanager masked is told", () => {
  const { notes } = translateAlertmanager({
    route: { receiver: "one" },
    receivers: [{ name: "one", slack_configs: [{ api_url: "<secret>" }] }],
  });
  expect(notes[0]).toMatchObject({ kind: "lost", path: ["receivers", 0, "slack_configs", 0, "api_url"] });
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
