import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { json, startCollector, temporaryFolder, TocsinProcess, waitFor } from "../support/tocsin-process.ts";

/** What becomes of an agent's data while its collector is away, forgets, or is stopped with the whole host: real processes. */
interface View {
  ci: string;
  status: string;
}

const agentFile = (url: string): string =>
  `collector: ${url}\nci: web-1\ndataDir: agent\ninterval: 1s\nretry: { max: 1s }\nspool: { keepFree: 1MiB }\n`;

function startAgent(folder: string, url: string): TocsinProcess {
  writeFileSync(join(folder, "agent.yaml"), agentFile(url));
  const agent = new TocsinProcess(["agent", "--config", join(folder, "agent.yaml")]);
  onTestFinished(() => void agent.stop("SIGKILL"));
  return agent;
}

async function restart(folder: string, url: string): Promise<TocsinProcess> {
  const collector = new TocsinProcess([
    "collector",
    "--listen",
    url.replace("http://", ""),
    "--data",
    join(folder, "data"),
  ]);
  onTestFinished(() => void collector.stop("SIGKILL"));
  await collector.says(/^listening /m);
  return collector;
}

const agents = async (url: string): Promise<View[]> =>
  (await json<{ items: View[] }>(`${url}/api/v1/agents`)).body.items;

interface History {
  items: { points: [at: string, value: number][] }[];
}

/** Seconds of history that the collector has of one metric, oldest first. */
async function history(url: string): Promise<number[]> {
  const query = "ci=web-1&name=system.cpu.load_average.1m";
  const { body } = await json<History>(`${url}/api/v1/series?${query}`);
  return (body.items[0]?.points ?? []).map(([at]) => Date.parse(at) / 1000);
}

test("a collector that comes back with another store gets the last two minutes again", async () => {
  const folder = temporaryFolder(onTestFinished);
  const first = await startCollector(folder, {});
  onTestFinished(() => void first.process.stop("SIGKILL"));
  const { url } = first;
  const agent = startAgent(folder, url);
  expect(await waitFor(async () => ((await history(url)).length >= 3 ? true : undefined), 90_000)).toBe(true);
  const acknowledged = (await history(url))[0] ?? 0;
  await first.process.stop("SIGKILL");
  rmSync(join(folder, "data"), { recursive: true });
  const second = await restart(folder, url);
  // From before the collector that has it now was begun.
  const again = await waitFor(async () => {
    const [oldest] = await history(url);
    return oldest !== undefined && oldest <= acknowledged ? oldest : undefined;
  }, 60_000);
  expect(again).toBe(acknowledged);
  expect(agent.stderr).toContain("the collector began a new epoch; sending again what it acknowledged lately");
  await agent.stop();
  await second.stop();
}, 240_000);

test("an agent that was stopped for a while (SIGSTOP, as a suspend does) raises nothing and goes on", async () => {
  const folder = temporaryFolder(onTestFinished);
  const { process: collector, url } = await startCollector(folder, {});
  onTestFinished(() => void collector.stop("SIGKILL"));
  const agent = startAgent(folder, url);
  expect(await waitFor(async () => (await agents(url)).find(({ ci }) => ci === "web-1"), 60_000)).toBeDefined();
  agent.child.kill("SIGSTOP");
  await new Promise((done) => {
    setTimeout(done, 15_000);
  });
  agent.child.kill("SIGCONT");
  const before = (await history(url)).at(-1) ?? 0;
  expect(await waitFor(async () => (((await history(url)).at(-1) ?? 0) > before ? true : undefined), 60_000)).toBe(
    true,
  );
  const { body } = await json<{ items: { check: string }[] }>(`${url}/api/v1/alerts`);
  expect(body.items.map(({ check }) => check).filter((check) => check !== "agent_data_lost")).toEqual([]);
  expect(agent.child.exitCode).toBe(null);
  await agent.stop();
  await collector.stop();
}, 180_000);
