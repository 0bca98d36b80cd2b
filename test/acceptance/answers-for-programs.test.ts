import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { json, temporaryFolder, TocsinProcess } from "../support/tocsin-process.ts";

/** `--json` is understood everywhere: what a command says is JSON then, and so is why it ends. */

const folder = (): string => temporaryFolder((clean) => onTestFinished(clean));

async function called(...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const tocsin = new TocsinProcess(args);
  const code = await tocsin.ended;
  return { code, out: tocsin.stdout, err: tocsin.stderr };
}

test.for([
  "up",
  "collector",
  "agent",
  "check x.yaml",
  "replay",
  "rules test",
  "backtest",
  "why 1",
  "incidents",
  "alerts",
  "ack 1",
  "resolve 1",
  "silence list",
  "cmdb show",
  "cmdb import x.yaml",
  "cmdb export",
  "enrol",
  "drill",
  "import netbox",
])("a wrong call of %s is told as JSON", async (command) => {
  const { code, out, err } = await called(...command.split(" "), "--json", "--no-such-flag");
  expect([code, out]).toEqual([2, ""]);
  expect(JSON.parse(err)).toMatchObject({ code: "wrongUsage", message: expect.stringContaining("--no-such-flag") });
});

test("the version", async () => {
  const { out } = await called("--version", "--json");
  expect(JSON.parse(out)).toEqual({ version: expect.any(String), node: expect.stringMatching(/^\d+\./) });
});

test("a collector says where it listens, an agent whether it delivered", async () => {
  const path = folder();
  const collector = new TocsinProcess(["collector", "--json", "--listen", "127.0.0.1:0", "--data", join(path, "data")]);
  onTestFinished(() => void collector.stop("SIGKILL"));
  const [line] = await collector.says(/^.*\n/);
  const { listening } = JSON.parse(line) as { listening: string };
  expect((await json(`${listening}/readyz`)).status).toBe(200);
  const file = join(path, "agent.yaml");
  writeFileSync(file, "dataDir: agent\n");
  const once = async (url: string): ReturnType<typeof called> =>
    called("agent", "--once", "--json", "--config", file, "--collector", url);
  expect(await once(listening)).toMatchObject({ code: 0, out: '{"delivered":true}\n' });
  expect(await once("http://127.0.0.1:1")).toMatchObject({ code: 3, out: '{"delivered":false}\n' });
  expect(await collector.stop()).toBe(0);
});

test("what is wrong with a file comes with its place", async () => {
  const path = folder();
  const [config, agent] = [join(path, "tocsin.yaml"), join(path, "agent.yaml")];
  writeFileSync(config, "\nlistn: 127.0.0.1:0\n");
  writeFileSync(agent, "\ninterval: 1ms\n");
  const finding = (code: string) => ({ severity: "error", code, line: 2, column: expect.any(Number) });
  const collector = await called("collector", "--json", "--config", config, "--data", join(path, "data"));
  expect([collector.code, collector.out]).toEqual([1, ""]);
  expect(JSON.parse(collector.err)).toMatchObject({ code: "badFiles", details: [finding("CONFIG_UNKNOWN_KEY")] });
  const checked = await called("agent", "--check", "--json", "--config", agent);
  expect([checked.code, checked.err]).toEqual([1, ""]);
  expect(JSON.parse(checked.out)).toMatchObject({ ok: false, file: agent, findings: [finding("AGENT_OUT_OF_RANGE")] });
  const started = await called("agent", "--json", "--config", agent);
  expect([started.code, started.out]).toEqual([1, ""]);
  expect(JSON.parse(started.err)).toMatchObject({ code: "badFile", details: [finding("AGENT_OUT_OF_RANGE")] });
});

test("up says where to look, and why it cannot start", async () => {
  const path = folder();
  const up = new TocsinProcess(["up", "--json", "--listen", "127.0.0.1:0", "--data", path]);
  onTestFinished(() => void up.stop("SIGKILL"));
  const [line] = await up.says(/^.*\n/);
  const said = JSON.parse(line) as { url: string };
  expect(said).toEqual({
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
    agentPid: expect.any(Number),
    data: path,
    config: join(path, "tocsin.yaml"),
    agentConfig: join(path, "agent.yaml"),
    cmdb: join(path, "cmdb.json"),
  });
  const second = await called("up", "--json", "--listen", said.url.slice("http://".length), "--data", folder());
  expect([second.code, second.out]).toEqual([1, ""]);
  expect(JSON.parse(second.err)).toMatchObject({
    code: "cannotStart",
    message: expect.stringContaining("listens there"),
  });
  expect(await up.stop()).toBe(0);
});
