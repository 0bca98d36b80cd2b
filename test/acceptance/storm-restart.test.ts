import { expect, onTestFinished, test } from "vitest";
import { webhookDouble } from "../support/receiver-doubles.ts";
import { json, startCollector, temporaryFolder, waitFor } from "../support/tocsin-process.ts";

/** One switch fails, forty hosts behind it scream, and the collector is killed in the middle of it. */

const HOSTS = Array.from({ length: 40 }, (_, index) => `web-${String(index + 1).padStart(2, "0")}`);

const CMDB = `
vantage: [core-1]
cis:
  - { id: core-1, type: switch, name: core-1, criticality: 1 }
  - { id: sw-r3, type: switch, name: sw-r3, criticality: 1 }
  - { id: shop, type: businessService, name: Shop, criticality: 1 }
${HOSTS.map((host) => `  - { id: ${host}, type: host, name: ${host}, criticality: 2 }`).join("\n")}
relations:
  - { from: sw-r3, type: connectsTo, to: core-1 }
  - { from: shop, type: dependsOn, to: web-01 }
${HOSTS.map((host) => `  - { from: ${host}, type: connectsTo, to: sw-r3 }`).join("\n")}
`;

test("a storm that outlives a kill -9 of the collector stays one incident on the silent switch, and pages once", async () => {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  const hook = await webhookDouble("a secret of thirty-two characters!");
  onTestFinished(() => hook.close());
  const files = {
    "cmdb.yaml": CMDB,
    "tocsin.yaml": `
cmdb: { files: [cmdb.yaml] }
correlation: { settle: { min: 1s, max: 2s }, resolveAfter: 2s }
limits: { allowPrivateTargets: ["127.0.0.1/32"] }
receivers: { hook: { webhook: { url: "${hook.url}", secret: "a secret of thirty-two characters!" } } }
routes: [{ receivers: [hook] }]
`,
  };
  const first = await startCollector(folder, files);
  onTestFinished(() => void first.process.stop("SIGKILL"));
  const storm = (url: string, status: "firing" | "resolved", hosts: readonly string[]): Promise<{ status: number }> =>
    json(
      `${url}/api/v1/events`,
      hosts.map((ci) => ({
        source: "collector-probe",
        ci,
        check: "unreachable",
        status,
        severity: "critical",
        summary: `${ci} does not answer`,
      })),
    );
  await storm(first.url, "firing", HOSTS.slice(0, 25));
  expect(await waitFor(() => (hook.calls.some(({ message }) => message.page) ? true : undefined), 15_000)).toBe(true);
  await storm(first.url, "firing", HOSTS.slice(25, 35));
  await first.process.stop("SIGKILL");

  const second = await startCollector(folder, files);
  onTestFinished(() => void second.process.stop("SIGKILL"));
  await storm(second.url, "firing", HOSTS);
  await new Promise((resolve) => {
    setTimeout(resolve, 4_000);
  });
  const { body } = await json<{
    items: { id: string; rootCause: { ci: string | null; inferred: boolean }; alerts: unknown[] }[];
  }>(`${second.url}/api/v1/incidents`);
  expect(body.items.map(({ rootCause }) => rootCause.ci)).toEqual(["sw-r3"]);
  expect(body.items[0]!.rootCause.inferred).toBe(true);
  expect(body.items[0]!.alerts).toHaveLength(HOSTS.length);

  await storm(second.url, "resolved", HOSTS);
  expect(
    await waitFor(() => (hook.calls.some(({ message }) => message.kind === "resolved") ? true : undefined), 30_000),
  ).toBe(true);
  expect(new Set(hook.calls.filter(({ message }) => message.page).map(({ id }) => id)).size).toBe(1);
  const spoken = hook.calls.map(
    ({ message }) =>
      `${message.kind} ${message.page} #${message.incident.number} ${message.incident.title} ${message.incident.alerts.length}`,
  );
  expect(new Set(hook.calls.map(({ message }) => message.incident.id)).size, spoken.join("\n")).toBe(1);
  expect(await second.process.stop()).toBe(0);
});
