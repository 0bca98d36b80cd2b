import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { json, startCollector, temporaryFolder, TocsinProcess, waitFor } from "../support/tocsin-process.ts";

/**
 * An agent that is let in with an enrolment token, gets rules and configuration that are signed, takes a new configuration, comes back
 * from one under which it cannot send, renews its token and loses it: real processes, real HTTP.
 */
const ADMIN = "admin-secret-0123456789abcdef";
const STATIC = "static-agent-secret-0123456789";
const TOCSIN = `listen: 127.0.0.1:0
auth:
  tokens:
    - { name: root, role: admin, token: ${ADMIN} }
    - { name: old-agents, role: agent, token: ${STATIC} }
agents:
  tokenLifetime: 3m
  configuration: [{ ci: "web-*", file: agents.yaml }]
`;
const ENROL = "enrolmentTokenFile: enrolment.token\n";
const AS_ADMIN = { authorization: `Bearer ${ADMIN}` };

interface Bench {
  folder: string;
  url: string;
  collector: TocsinProcess;
  /** Runs a command as the administrator. */
  tocsin: (...args: string[]) => Promise<{ code: number | null; stdout: string; stderr: string }>;
  agent: (name: string, more: string) => TocsinProcess;
  /** Sets what the collector sets for agents, and lets it be read. */
  configure: (text: string) => void;
}

async function bench(): Promise<Bench> {
  const folder = temporaryFolder(onTestFinished);
  writeFileSync(join(folder, "agents.yaml"), "");
  const { process: collector, url } = await startCollector(
    folder,
    { "tocsin.yaml": TOCSIN },
    { args: ["--log-level", "info"] },
  );
  onTestFinished(() => void collector.stop("SIGKILL"));
  const tocsin: Bench["tocsin"] = async (...args) => {
    const command = new TocsinProcess(args, { env: { TOCSIN_COLLECTOR: url, TOCSIN_TOKEN: ADMIN } });
    const code = await command.ended;
    return { code, stdout: command.stdout, stderr: command.stderr };
  };
  const agent: Bench["agent"] = (name, more) => {
    mkdirSync(join(folder, name), { recursive: true });
    const file = join(folder, `${name}.yaml`);
    const own = `collector: ${url}\nci: web-1\ndataDir: ${name}\ninterval: 1s\nretry: { max: 1s }\nrules: { every: 5s }\n`;
    writeFileSync(file, `${own}spool: { keepFree: 1MiB }\n${more}`);
    const started = new TocsinProcess(["agent", "--config", file]);
    onTestFinished(() => void started.stop("SIGKILL"));
    return started;
  };
  const configure = (text: string): void => {
    writeFileSync(join(folder, "agents.yaml"), text);
    collector.child.kill("SIGHUP");
  };
  return { folder, url, collector, tocsin, agent, configure };
}

async function said(process: TocsinProcess, text: string | RegExp, timeoutMs = 30_000): Promise<void> {
  const found = await waitFor(
    () => ((typeof text === "string" ? process.stderr.includes(text) : text.test(process.stderr)) ? true : undefined),
    timeoutMs,
  );
  if (found === undefined) throw new Error(`never said ${String(text)}:\n${process.stderr}`);
}

interface AgentView {
  ci: string;
  status: string;
  intervalMs: number;
  lastSeenAt: string;
}

async function agents(url: string): Promise<AgentView[]> {
  return (await json<{ items: AgentView[] }>(`${url}/api/v1/agents`, undefined, AS_ADMIN)).body.items;
}

const credentialOf = (folder: string): { token: string; signingKey: string } => {
  const [, ...lines] = readFileSync(join(folder, "credential.json"), "utf8").split("\n");
  return (JSON.parse(lines.join("\n")) as { credential: { token: string; signingKey: string } }).credential;
};

test("let in once; rules signed; configuration taken, and taken back where nothing can be sent; renewed; shut out", async () => {
  const { folder, url, collector, tocsin, agent, configure } = await bench();
  const made = await tocsin("enrol", "--ci", "web-1");
  expect(made.code, made.stderr).toBe(0);
  const [enrolmentToken = ""] = made.stdout.split("\n");
  writeFileSync(join(folder, "enrolment.token"), `${enrolmentToken}\n`);

  const first = agent("first", ENROL);
  await said(first, '"message":"enrolled"');
  expect(await waitFor(async () => (await agents(url)).find(({ ci }) => ci === "web-1"))).toMatchObject({
    status: "reporting",
    intervalMs: 1000,
  });
  const pid = first.child.pid;
  const own = credentialOf(join(folder, "first"));
  await said(first, "new rules from the collector");
  expect(readFileSync(join(folder, "first/rules.json"), "utf8")).toContain('"isVerified":true');
  expect((await tocsin("enrol", "key")).stdout).toBe(own.signingKey);
  expect((await tocsin("enrol", "list")).stdout).toMatch(/web-1\s+enrolled/);

  // The token is its own, for its CI and its work.
  const asAgent = { authorization: `Bearer ${own.token}` };
  const event = { source: "x", check: "y", status: "firing", severity: "minor", summary: "z" };
  const events = [
    { ...event, ci: "db-1" },
    { ...event, ci: "web-1" },
  ];
  expect((await json(`${url}/api/v1/events`, events, asAgent)).body).toMatchObject({
    accepted: 1,
    rejected: [{ index: 0, code: "foreignCi" }],
  });
  expect((await json(`${url}/api/v1/incidents`, undefined, asAgent)).status).toBe(403);
  expect((await json(`${url}/api/v2/alerts`, [], asAgent)).status).toBe(403);
  // Tokens of the configuration go on as ever.
  expect((await json(`${url}/api/v1/events`, events, { authorization: `Bearer ${STATIC}` })).body).toMatchObject({
    accepted: 2,
  });
  // The enrolment token was good once.
  const second = agent("second", ENROL);
  await said(second, "was used already");
  await second.stop();

  // Configuration: one that is refused here already, then a good one.
  configure("watch: { plugins: [{ name: x, command: [/bin/true] }] }\n");
  await said(collector, "the configuration for agents has errors");
  configure("interval: 2s\nwatch: { processes: [no-such-program] }\n");
  await said(first, "the configuration from the collector is in use");
  expect(await waitFor(async () => (await agents(url)).find(({ intervalMs }) => intervalMs === 2000))).toBeDefined();
  const alerts = async (): Promise<{ check: string; ci: string }[]> =>
    (await json<{ items: { check: string; ci: string }[] }>(`${url}/api/v1/alerts`, undefined, AS_ADMIN)).body.items;
  expect(
    await waitFor(async () => (await alerts()).find(({ check, ci }) => check === "process_down" && ci === "web-1")),
  ).toBeDefined();

  // Under this one it cannot send: what was before comes back by itself, and nothing is lost meanwhile.
  configure("interval: 2s\ncollector: http://127.0.0.1:9\n");
  await said(
    first,
    /nothing could be sent within 60 s.*the one before|the one before stays.*nothing could be sent within 60 s/,
    90_000,
  );
  const back = Date.now();
  const seen = await waitFor(async () => (await agents(url)).find(({ lastSeenAt }) => Date.parse(lastSeenAt) > back));
  expect(seen).toMatchObject({ status: "reporting", intervalMs: 2000 });
  expect(first.child.exitCode).toBe(null);
  expect(first.child.pid).toBe(pid);

  // It renews its token when a third of its life is over, and nobody needs to know.
  const renewed = await waitFor(() => {
    const now = credentialOf(join(folder, "first"));
    return now.token === own.token ? undefined : now;
  }, 90_000);
  if (renewed === undefined) throw new Error(`never renewed:\n${first.stderr}`);
  expect((await json(`${url}/api/v1/events`, events, { authorization: `Bearer ${renewed.token}` })).status).toBe(202);

  // Shut out.
  expect((await tocsin("enrol", "revoke", "web-1")).stdout).toMatch(/of web-1 is revoked/);
  await said(first, "this agent's token was revoked");
  await first.stop();

  // No secret was written down in the clear, but in the agent's own directory.
  const [, , secret = ""] = enrolmentToken.split(".");
  const data = join(folder, "data");
  const texts = readdirSync(data)
    .filter((name) => existsSync(join(data, name)) && /sqlite|json/.test(name))
    .map((name) => readFileSync(join(data, name), "latin1"));
  for (const text of [...texts, collector.stderr, collector.stdout, first.stderr, second.stderr])
    for (const each of [secret, own.token, renewed.token]) expect(text).not.toContain(each);
  expect(texts.join("")).toContain(createHash("sha256").update(renewed.token).digest("hex"));
}, 240_000);

test("rules that are not signed with the pinned key are refused; those that came with the agent stay", async () => {
  const { folder, agent } = await bench();
  const other = await bench();
  const { stdout } = await other.tocsin("enrol", "key");
  writeFileSync(join(folder, "other.pem"), stdout);
  const started = agent("pinned", `signingKeyFile: other.pem\ntoken: ${STATIC}\n`);
  await said(started, /not by the key that is pinned.*rules cannot be used; the ones before stay/);
  expect(existsSync(join(folder, "pinned/rules.json"))).toBe(false);
  await started.stop();
}, 120_000);
