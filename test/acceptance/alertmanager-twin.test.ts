import { afterAll, beforeAll, expect, test } from "vitest";
import { RealAlertmanager } from "../support/real-alertmanager.ts";
import { amtool, eventually } from "../support/real-prometheus.ts";
import { json, startCollector, temporaryFolder } from "../support/tocsin-process.ts";

/** The same requests to Debian's Alertmanager and to us: what both show of the alerts must be the same. */

const INHIBITIONS: readonly { source: string[]; target: string[]; equal: string[] }[] = [
  { source: ['kind="root"'], target: ['severity=""', 'kind!="root"'], equal: ["zone"] },
  { source: ['alertname=""', 'boss=~".+"'], target: ['alertname!~".+"', 'boss=""'], equal: ["instance"] },
];
const RECEIVER = "hook";

interface Shown {
  labels: Record<string, string>;
  status: { state: string; silencedBy: string[]; inhibitedBy: string[] };
  fingerprint: string;
}

const endings: (() => unknown)[] = [];
/** Theirs, ours. */
let urls: readonly [string, string];

beforeAll(async () => {
  const folder = temporaryFolder((clean) => endings.push(clean));
  const theirs = INHIBITIONS.map(({ source, target, equal }) =>
    JSON.stringify({ source_matchers: source, target_matchers: target, equal }),
  );
  const alertmanager = await RealAlertmanager.start(
    folder,
    `
route: { receiver: ${RECEIVER}, group_wait: 1s }
receivers: [{ name: ${RECEIVER} }]
inhibit_rules: [${theirs.join(", ")}]
`,
  );
  endings.unshift(() => alertmanager.stop());
  const collector = await startCollector(folder, {
    "tocsin.yaml": `
correlation: { settle: { min: 0s, max: 1s } }
receivers: { ${RECEIVER}: { webhook: { url: "http://127.0.0.1:9/" } } }
routes: [{ receivers: [${RECEIVER}] }]
inhibitions: ${JSON.stringify(INHIBITIONS)}
limits: { allowPrivateTargets: ["127.0.0.1/32"] }
`,
  });
  endings.unshift(() => collector.process.stop("SIGKILL"));
  urls = [alertmanager.url, collector.url];
});

afterAll(async () => {
  for (const end of endings) await end();
});

const both = <T>(ask: (url: string) => Promise<T>): Promise<[T, T]> => Promise.all([ask(urls[0]), ask(urls[1])]);

const post = (path: string, body: unknown) => both((url) => json<Record<string, string>>(`${url}${path}`, body));

/** Each alert in one line: its id, its fingerprint, how it stands and by how many it is muted. */
const lines = (alerts: readonly Shown[]): string[] =>
  alerts
    .map(({ labels, fingerprint, status: { state, silencedBy, inhibitedBy } }) =>
      [labels["id"], fingerprint, state, silencedBy.length, inhibitedBy.length].join(" "),
    )
    .sort();

/** Alerts that match, as both list them. */
async function listed(filters: readonly string[], more = ""): Promise<[string[], string[]]> {
  const query = filters.map((filter) => `filter=${encodeURIComponent(filter)}`).join("&");
  return both(async (url) => lines((await json<Shown[]>(`${url}/api/v2/alerts?${query}${more}`)).body));
}

/** The same in groups, which the two make in different ways. */
async function grouped(filter: string): Promise<[string[], string[]]> {
  const path = `/api/v2/alerts/groups?filter=${encodeURIComponent(filter)}`;
  return both(async (url) => {
    const { body } = await json<{ alerts: Shown[] }[]>(url + path);
    return lines(body.flatMap(({ alerts }) => alerts));
  });
}

/** Names that some alerts have and others lack. */
const NAMES = ["alertname", "severity", "instance", "foo", "nobodyHasThis"];
const ENDS = [
  '=""',
  "=",
  '!=""',
  '="x"',
  '!="x"',
  '=~""',
  '=~"|x"',
  '=~"x|warning|"',
  '=~".*"',
  '=~".+"',
  '=~"^$"',
  '!~""',
  '!~"|x"',
  '!~".*"',
  '!~".+"',
  '!~"x|warning"',
];
const MATCHERS = NAMES.flatMap((name) => ENDS.map((end) => name + end));

test("a label that is missing is an empty one: lists, groups, silences and inhibitions agree, whatever the matcher", async () => {
  await post("/api/v2/alerts", [
    { labels: { id: "1", alertname: "A", instance: "h:1", severity: "critical", foo: "x" } },
    { labels: { id: "2", alertname: "A", instance: "h:2", severity: "warning" } },
    { labels: { id: "3", alertname: "x", foo: "y" } },
    { labels: { id: "4", job: "nameless", foo: "x" } },
    { labels: { id: "5", job: "nameless", instance: "h:1" } },
    { labels: { id: "6", alertname: "", severity: "info", host: "h" } },
    { labels: { id: "7", ci: "c1", alertname: "C", source: "s", check: "k" } },
    { labels: { id: "8", alertname: "root", kind: "root", zone: "z", severity: "major" } },
    { labels: { id: "9", alertname: "leaf", zone: "z" } },
    { labels: { id: "10", alertname: "leaf", zone: "z", severity: "odd" } },
    { labels: { id: "11", boss: "b", severity: "warning" } },
  ]);
  await eventually("both have looked at all alerts", async () => {
    const [theirs, ours] = await listed([]);
    return theirs.length === 11 && theirs.join() === ours.join() ? true : undefined;
  });
  for (const matcher of MATCHERS) {
    const [theirs, ours] = await listed([matcher]);
    expect(ours, matcher).toEqual(theirs);
    const [theirGroups, ourGroups] = await grouped(matcher);
    expect(ourGroups, `groups: ${matcher}`).toEqual(theirGroups);
    // Beside one that the index answers.
    const [theirSome, ourSome] = await listed([matcher, "job=nameless"]);
    expect(ourSome, `${matcher}, job=nameless`).toEqual(theirSome);
    const [theirTool, ourTool] = await both((url) => shownByAmtool(url, matcher));
    expect(ourTool, `amtool: ${matcher}`).toEqual(theirTool);
  }
  for (const matcher of MATCHERS) await silenceBoth(matcher);
});

async function shownByAmtool(url: string, matcher: string): Promise<string[]> {
  return lines(JSON.parse(await amtool(url, "alert", "query", "-o", "json", "--inhibited", matcher)) as Shown[]);
}

/** Silences what matches, compares, and ends the silences. */
async function silenceBoth(text: string): Promise<void> {
  const [, name = "", operator = "", value = ""] = /^(\w+)([=!~]+)"?(.*?)"?$/.exec(text) ?? [];
  const posted = await post("/api/v2/silences", {
    matchers: [
      { name, value, isRegex: operator.includes("~"), isEqual: !operator.startsWith("!") },
      { name: "id", value: ".+", isRegex: true, isEqual: true },
    ],
    startsAt: new Date().toISOString(),
    endsAt: new Date(Date.now() + 3_600_000).toISOString(),
    createdBy: "ann",
    comment: text,
  });
  expect(posted[1].status, `silence: ${text}`).toBe(posted[0].status);
  // Alertmanager says at the second look what it found out at the first.
  await listed([]);
  const [theirs, ours] = await listed([], "&active=false");
  expect(ours, `silenced: ${text}`).toEqual(theirs);
  for (const [index, { body }] of posted.entries())
    await fetch(`${urls[index]}/api/v2/silence/${body["silenceID"]}`, { method: "DELETE" });
}
