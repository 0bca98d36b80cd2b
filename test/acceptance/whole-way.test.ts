import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { slackDouble, smtpDouble, webhookDouble } from "../support/receiver-doubles.ts";
import { json, startCollector, temporaryFolder, TocsinProcess, waitFor } from "../support/tocsin-process.ts";

/** From a host's trouble to one incident and back: agent, collector, incident, people, resolved. Real processes throughout. */

const SECRET = "a secret of thirty-two characters!";
const endings: (() => unknown)[] = [];
const onEnd = (end: () => unknown): void => void endings.unshift(end);

let folder: string;
let url: string;
let hook: Awaited<ReturnType<typeof webhookDouble>>;
let slack: Awaited<ReturnType<typeof slackDouble>>;
let smtp: Awaited<ReturnType<typeof smtpDouble>>;

interface IncidentView {
  id: string;
  number: number;
  status: string;
  title: string;
  rootCause: { ci: string | null };
  alerts: { ci: string; check: string; instance: string; status: string }[];
}

const incidents = async (status = "open,acknowledged"): Promise<IncidentView[]> =>
  (await json<{ items: IncidentView[] }>(`${url}/api/v1/incidents?status=${status}`)).body.items;
const openIncidentWith = (check: RegExp): Promise<IncidentView | undefined> =>
  waitFor(
    async () =>
      (await incidents()).find((incident) =>
        incident.alerts.some((alert) => check.test(`${alert.check} ${alert.instance}`)),
      ),
    60_000,
    250,
  );
const resolved = (id: string): Promise<IncidentView | undefined> =>
  waitFor(async () => (await incidents("resolved,closed")).find((incident) => incident.id === id), 90_000, 250);
const toldAbout = (id: string): string[] =>
  hook.calls.filter(({ message }) => message.incident.id === id).map(({ message }) => message.kind);

/** A program whose name nothing else on the host has. */
function watchedProgram(): ChildProcess {
  const program = join(folder, "tocsin-watched");
  if (!existsSync(program)) copyFileSync("/bin/sleep", program);
  execFileSync("chmod", ["+x", program]);
  const child = spawn(program, ["600"], { stdio: "ignore" });
  onEnd(() => child.kill("SIGKILL"));
  return child;
}

function startAgent(): TocsinProcess {
  const agent = new TocsinProcess(["agent", "--config", join(folder, "agent.yaml"), "--collector", url]);
  onEnd(() => agent.stop("SIGKILL"));
  return agent;
}

beforeAll(async () => {
  folder = temporaryFolder((clean) => onEnd(clean));
  [hook, slack, smtp] = await Promise.all([webhookDouble(SECRET), slackDouble(), smtpDouble()]);
  onEnd(() => [hook, slack, smtp].forEach((double) => double.close()));
  const collector = await startCollector(folder, {
    "cmdb.yaml": `
cis:
  - { id: this-host, type: host, name: this-host, criticality: 1, owner: team-host }
  - { id: shop, type: businessService, name: Shop, criticality: 1 }
relations:
  - { from: shop, type: dependsOn, to: this-host }
`,
    "hook.secret": SECRET,
    "slack.token": "xoxb-test",
    "tocsin.yaml": `
cmdb: { files: [cmdb.yaml] }
rules: [${JSON.stringify(new URL("../../rules/packs/linux-host", import.meta.url).pathname)}]
correlation: { settle: { min: 1s, max: 3s }, resolveAfter: 2s, reopenWithin: 1m }
limits: { allowPrivateTargets: ["127.0.0.1/32"] }
receivers:
  hook: { webhook: { url: "${hook.url}", secretFile: hook.secret } }
  mail: { email: { smtp: "smtp://127.0.0.1:${smtp.port}", from: "tocsin@example.net", to: ["on-call@example.net"] } }
  chat: { slack: { tokenFile: slack.token, channel: "C0123456789", apiUrl: "${slack.url}" } }
routes:
  - { receivers: [hook, mail, chat] }
`,
  });
  onEnd(() => collector.process.stop());
  url = collector.url;
  writeFileSync(
    join(folder, "agent.yaml"),
    `ci: this-host\ndataDir: agent\ninterval: 2s\nwatch: { processes: [tocsin-watched] }\n`,
  );
});

afterAll(async () => {
  for (const end of endings) await end();
});

describe("a host's trouble", () => {
  let program: ChildProcess;
  let agent: TocsinProcess;

  test("the agent's metrics of this host arrive, by node_exporter's names", async () => {
    program = watchedProgram();
    agent = startAgent();
    const metrics = await waitFor(async () => {
      const text = await (await fetch(`${url}/metrics/agents`)).text();
      return text.includes("node_load1{") ? text : undefined;
    }, 30_000);
    expect(metrics, agent.stderr).toMatch(/node_memory_MemAvailable_bytes\{[^}]*ci="this-host"/);
    expect(metrics).toMatch(/# TYPE node_cpu_seconds_total counter/);
  });

  test("stopping a watched process opens one incident; webhook, mail and chat tell it once each; starting it resolves", async () => {
    program.kill("SIGKILL");
    const opened = await openIncidentWith(/process.*tocsin-watched|tocsin-watched/);
    expect(opened, JSON.stringify(await incidents("all"))).toBeDefined();
    const { id } = opened!;
    expect(opened!.rootCause.ci).toBe("this-host");
    const told = await waitFor(
      () => (toldAbout(id).length > 0 && smtp.messages.length > 0 && slack.calls.length > 0 ? true : undefined),
      30_000,
    );
    expect(told, `webhook ${toldAbout(id).join()} mail ${smtp.messages.length} slack ${slack.calls.length}`).toBe(true);

    program = watchedProgram();
    expect(await resolved(id)).toBeDefined();
    await waitFor(
      () =>
        toldAbout(id).includes("resolved") && smtp.messages.some(({ raw }) => /resolved/i.test(raw)) ? true : undefined,
      30_000,
    );

    const calls = hook.calls.filter(({ message }) => message.incident.id === id);
    expect(calls.every(({ signed }) => signed)).toBe(true);
    expect(calls.filter(({ message }) => message.page)).toHaveLength(1);
    expect(calls.map(({ message }) => message.kind).filter((kind) => kind === "opened" || kind === "resolved")).toEqual(
      ["opened", "resolved"],
    );
    expect(new Set(calls.map((call) => call.id)).size).toBe(calls.length);
    expect(calls.every((call) => call.id === call.message.idempotencyKey)).toBe(true);
    const root = slack.calls.filter(
      ({ method, body }) => method === "chat.postMessage" && body["thread_ts"] === undefined,
    );
    expect(root).toHaveLength(1);
    expect(smtp.messages.every(({ to }) => to.join() === "on-call@example.net")).toBe(true);
    expect(smtp.messages[0]?.raw).toMatch(/^Message-ID: </im);
  });

  test("stopping the agent opens an incident, starting it again resolves it", async () => {
    await agent.stop("SIGKILL");
    const opened = await openIncidentWith(/^agent_missing/);
    expect(opened, JSON.stringify(await incidents("all"))).toBeDefined();
    agent = startAgent();
    expect(await resolved(opened!.id), agent.stderr).toBeDefined();
  });

  test.runIf(process.getuid?.() === 0)("filling a file system opens an incident, emptying it resolves it", async () => {
    const mount = join(folder, "disk");
    const image = join(folder, "disk.img");
    mkdirSync(mount);
    execFileSync("sh", ["-c", `truncate -s 64M ${image} && mkfs.ext4 -q ${image} && mount -o loop ${image} ${mount}`]);
    onTestFinished(() => void execFileSync("umount", ["-l", mount]));
    execFileSync("sh", ["-c", `dd if=/dev/zero of=${mount}/fill bs=1M count=60 2>/dev/null || true`]);
    const opened = await openIncidentWith(new RegExp(`disk`));
    expect(opened, JSON.stringify(await incidents("all"))).toBeDefined();
    rmSync(join(mount, "fill"));
    expect(await resolved(opened!.id)).toBeDefined();
  });
});
