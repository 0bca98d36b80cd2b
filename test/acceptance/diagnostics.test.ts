import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { json, startCollector, temporaryFolder, TocsinProcess, waitFor } from "../support/tocsin-process.ts";

/** From a host's trouble to what its agent recorded, on the incident and in `why`; and because somebody on the host asked. */

const endings: (() => unknown)[] = [];
let url = "";
let agent: TocsinProcess;

interface Diagnostics {
  ci: string;
  check: string;
  parts: Record<string, string>;
}
interface IncidentView {
  number: number;
  diagnostics?: Diagnostics[];
}

beforeAll(async () => {
  const folder = temporaryFolder((clean) => endings.push(clean));
  const collector = await startCollector(folder, {});
  endings.unshift(() => collector.process.stop());
  url = collector.url;
  writeFileSync(
    join(folder, "agent.yaml"),
    "ci: sick-host\ndataDir: agent\ninterval: 1s\nwatch: { processes: [{ name: tocsin-never-runs, for: 2s }] }\n",
  );
  agent = new TocsinProcess(["agent", "--config", join(folder, "agent.yaml"), "--collector", url]);
  endings.unshift(() => agent.stop("SIGKILL"));
});

afterAll(async () => {
  for (const end of endings) await end();
});

async function recorded(): Promise<IncidentView | undefined> {
  const list = (await json<{ items: IncidentView[] }>(`${url}/api/v1/incidents`)).body.items;
  for (const { number } of list) {
    const { body } = await json<IncidentView>(`${url}/api/v1/incidents/${number}`);
    if (body.diagnostics !== undefined) return body;
  }
  return undefined;
}

test("the incident shows what the agent recorded when the alert began, and so does `why`", async () => {
  const incident = await waitFor(recorded, 60_000, 250);
  expect(incident?.diagnostics, agent.stderr).toMatchObject([{ ci: "sick-host", check: "process_down" }]);
  const { parts } = incident!.diagnostics![0]!;
  expect(parts["recorder"]).toMatch(/^the last \d+ s, .*\ncpu busy: /);
  expect(parts["processes"]).toMatch(/^(cpu|memory): \S+\[\d+\] \d+/);
  expect(Object.values(parts).every((text) => text.length <= 4000)).toBe(true);

  const why = new TocsinProcess(["why", String(incident!.number), "--collector", url]);
  expect(await why.ended, why.stderr).toBe(0);
  expect(why.stdout).toMatch(
    /Recorded on sick-host \(process_down tocsin-never-runs\)\n {2}recorder\n {4}the last \d+ s/,
  );
  const shown = new TocsinProcess(["incidents", String(incident!.number), "--collector", url]);
  await shown.ended;
  expect(shown.stdout).toContain(`Recorded: the last minutes of sick-host; tocsin why ${incident!.number} shows them`);
});

test("asked for on the host: an event of its own, for nobody to be woken by", async () => {
  agent.child.kill("SIGUSR2");
  const asked = await waitFor(
    async () => {
      const { body } = await json<{ items: Diagnostics[] }>(`${url}/api/v1/agents/sick-host/diagnostics`);
      return body.items.find(({ check }) => check === "diagnostics");
    },
    30_000,
    250,
  );
  expect(asked?.parts["processes"], agent.stderr).toMatch(/memory: /);
  const told = await fetch(`${url}/api/v1/agents/sick-host/diagnostics`, { method: "POST" });
  expect([told.status, ((await told.json()) as { ci: string }).ci]).toEqual([202, "sick-host"]);
});
