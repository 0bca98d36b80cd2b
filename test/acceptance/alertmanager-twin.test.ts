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

/** One sending: seconds from the beginning of the situation; without `ends` the sender does not say. `wait` goes before it. */
interface Sending {
  starts?: number;
  ends?: number;
  wait?: number;
}

test.for<[situation: string, ...sendings: Sending[]]>([
  ["no times at all", {}],
  ["an end", { ends: 600 }],
  ["an end, then a later one", { starts: -9, ends: 600 }, { starts: -9, ends: 900 }],
  ["an end, then an earlier one", { starts: -9, ends: 600 }, { starts: -9, ends: 300 }],
  ["an end, an earlier one, a later one", { ends: 600 }, { ends: 300 }, { ends: 900 }],
  ["an earlier one, without beginnings", { ends: 600 }, { ends: 300 }],
  ["no end, then one that is earlier than we took it for", {}, { ends: 60 }],
  ["no end, then one that is later", {}, { ends: 600 }],
  ["an end, then none", { ends: 3600 }, {}],
  ["an end, then none, twice", { starts: -9, ends: 3600 }, { starts: -9 }, { starts: -9 }],
  ["an end, none, an earlier one", { ends: 3600 }, {}, { ends: 1800 }],
  ["an end, an earlier one, none", { ends: 3600 }, { ends: 600 }, {}],
  ["an end that is nearer than what we would take, then none", { ends: 60 }, {}],
  ["a resolve", { ends: 600 }, { ends: -1 }],
  ["a resolve of what had no end", {}, { ends: -1 }],
  ["a resolve, then a firing that is to end earlier", { ends: 600 }, { ends: -1 }, { ends: 60 }],
  ["a resolve from before it began", { starts: -10, ends: 600 }, { starts: -100, ends: -50 }],
  ["an earlier beginning", { starts: -60, ends: 600 }, { starts: -120, ends: 900 }],
  ["an earlier beginning and end", { starts: -60, ends: 600 }, { starts: -120, ends: 300 }],
  ["a later beginning", { starts: -120, ends: 600 }, { starts: -60, ends: 900 }],
  ["a later beginning and an earlier end", { starts: -120, ends: 600 }, { starts: -60, ends: 300 }],
  ["a later beginning, no ends", { starts: -120 }, { starts: -60 }],
  ["it timed out and comes back", { starts: -9, ends: 1 }, { starts: -9, ends: 600, wait: 2 }],
  ["it timed out and comes back without a beginning", { ends: 1 }, { ends: 600, wait: 2 }],
  ["it times out for good", { ends: 60 }, { wait: 0, ends: 61 }, { ends: -1 }],
])("sent again: %s", async ([situation, ...sendings]) => {
  const now = Date.now();
  const at = (seconds: number): string => new Date(now + seconds * 1000).toISOString();
  for (const [index, { starts, ends, wait = 0 }] of sendings.entries()) {
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait * 1000));
    await post("/api/v2/alerts", [
      {
        labels: { alertname: "Again", situation },
        ...(starts !== undefined && { startsAt: at(starts) }),
        ...(ends !== undefined && { endsAt: at(ends) }),
      },
    ]);
    const [theirs, ours] = await both((url) => timesOf(url, situation, now));
    // Within two seconds: the machine may be busy between the one and the other.
    const expected = theirs.map((times) => times.map((time) => expect.closeTo(time, -0.6) as number));
    expect(ours, `after sending ${index + 1}`).toEqual(expected);
  }
});

/** In seconds from the beginning of the situation; [] = it does not fire. */
async function timesOf(url: string, situation: string, since: number): Promise<number[][]> {
  const filter = encodeURIComponent(`situation=${JSON.stringify(situation)}`);
  type Times = Record<"startsAt" | "endsAt" | "updatedAt", string>;
  const { body } = await json<Times[]>(`${url}/api/v2/alerts?filter=${filter}`);
  const seconds = (time: string): number => Math.floor((Date.parse(time) - since) / 1000);
  return body.map(({ startsAt, endsAt, updatedAt }) => [
    // Alertmanager lets an alert that has an end and no beginning begin when it ends; we let it begin when it came.
    Math.min(seconds(startsAt), seconds(updatedAt)),
    seconds(endsAt),
    seconds(updatedAt),
  ]);
}

const NOTHING_ELSE = { startsAt: new Date().toISOString(), createdBy: "ann" };

test("silences are found by the matchers that they have, and stand in the same order", async () => {
  const made: [text: string, matchers: object[], minutes: number][] = [
    ["equal", [{ name: "team", value: "web", isRegex: false }], 30],
    ["not equal", [{ name: "team", value: "web", isRegex: false, isEqual: false }], 10],
    ["regex", [{ name: "team", value: "web|db", isRegex: true }], 20],
    [
      "two",
      [
        { name: "team", value: "web", isRegex: false },
        { name: "site", value: "x", isRegex: false },
      ],
      40,
    ],
    [
      "other",
      [
        { name: "site", value: "x", isRegex: false },
        { name: "rack", value: "", isRegex: false },
      ],
      50,
    ],
  ];
  for (const [comment, matchers, minutes] of made) {
    const endsAt = new Date(Date.now() + minutes * 60_000).toISOString();
    await post("/api/v2/silences", { ...NOTHING_ELSE, matchers, endsAt, comment });
  }
  const filters = [
    ["team=web"],
    ['team="web"'],
    ["team!=web"],
    ["team=~web|db"],
    ["team=~web"],
    ["team!~web"],
    ["team="],
  ];
  const more = [["rack="], ["nobodyHasThis="], ["team=db"], ["team=web", "site=x"], ["site=x"], ["createdBy=ann"]];
  for (const list of [...filters, ...more]) {
    const query = list.map((filter) => `filter=${encodeURIComponent(filter)}`).join("&");
    const [theirs, ours] = await both(async (url) => {
      const { body } = await json<{ comment: string; status: { state: string } }[]>(`${url}/api/v2/silences?${query}`);
      return body.filter(({ status }) => status.state === "active").map(({ comment }) => comment);
    });
    expect(ours, list.join(" and ")).toEqual(theirs);
  }
  const [theirs, ours] = await both((url) => amtool(url, "silence", "query", "team=web"));
  expect(ours.split("\n").length).toBe(theirs.split("\n").length);
});

test("values that a careless client sends for nothing, and backslashes and commas without quotes, mean the same to both", async () => {
  const mixed = { alertname: "Careless", team: null, empty: "" };
  const posted = await post("/api/v2/alerts", [
    { labels: { ...mixed, id: "n1" }, annotations: { summary: null, text: "" } },
    { labels: { ...mixed, id: "n2" }, annotations: null, generatorURL: "" },
    { labels: { ...mixed, id: "n4", path: "1,2" } },
    { labels: { ...mixed, id: "n3", path: "C:\\temp" } },
  ]);
  expect(posted.map(({ status }) => status)).toEqual([200, 200]);
  for (const filter of [
    "alertname=Careless",
    "path=C:\\\\temp",
    "path=C:\\temp",
    "path=~C:\\\\\\\\t.mp",
    "id=~n\\d",
    "id=~[a-z]{1,2}4",
    "path=1,2",
  ]) {
    const query = `?filter=${encodeURIComponent(filter)}`;
    const [theirs, ours] = await both(async (url) => {
      const { body } = await json<(Shown & { annotations: object })[]>(`${url}/api/v2/alerts${query}`);
      return body.map(({ labels, annotations, fingerprint }) => ({ labels, annotations, fingerprint }));
    });
    expect(ours, filter).toEqual(theirs);
  }
});
