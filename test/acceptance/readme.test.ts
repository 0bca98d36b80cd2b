import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { json, temporaryFolder, TocsinProcess, waitFor } from "../support/tocsin-process.ts";

const README = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

test("the README starts and tests in one command each, and CI runs the second", () => {
  expect(README).toContain("npm ci && bin/tocsin up");
  expect(README).toContain("npm ci && npm test");
  const ci = readFileSync(new URL("../../.ci/run", import.meta.url), "utf8");
  expect(ci).toMatch(/npm ci/);
  expect(ci).toMatch(/^npm test$/m);
});

test("bin/tocsin up runs a collector and this host's agent, and prints where to look", async () => {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  const up = new TocsinProcess(["up", "--listen", "127.0.0.1:0", "--data", folder]);
  onTestFinished(() => void up.stop("SIGKILL"));
  const [, url = ""] = await up.says(/Tocsin is up at (http:\/\/\S+)/);
  const agents = await waitFor(async () => {
    const text = await (await fetch(`${url}/metrics/agents`)).text();
    return text.includes("node_load1{") ? text : undefined;
  }, 60_000);
  expect(agents, up.stderr).toBeDefined();
  // Nothing of the logs stands between what it tells, as long as all is well.
  expect(up.stderr).not.toContain('"level":"info"');
  expect((await fetch(`${url}/`)).headers.get("content-type")).toMatch(/text\/html/);
  expect((await json<unknown[]>(`${url}/sd/prometheus`)).body).toHaveLength(1);
  expect((await json<{ items: unknown[] }>(`${url}/api/v1/cmdb/cis`)).body.items.length).toBeGreaterThanOrEqual(2);
  expect(await up.stop("SIGTERM")).toBe(0);
});

test("the agent of up can be stopped, as the README says: the collector stays to tell so, and the way back is printed", async () => {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  const up = new TocsinProcess(["up", "--listen", "127.0.0.1:0", "--data", folder]);
  onTestFinished(() => void up.stop("SIGKILL"));
  const [, url = ""] = await up.says(/Tocsin is up at (http:\/\/\S+)/);
  const [, agent = ""] = await up.says(/stop the agent\s+kill (\d+)/);
  process.kill(Number(agent), "SIGKILL");
  const said = await waitFor(
    async () => /the agent was stopped.*\n\s+(.*tocsin agent --config .*)/.exec(up.stderr) ?? undefined,
    20_000,
  );
  expect(said?.[1], up.stderr).toContain(`--collector ${url}`);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(await up.stop("SIGTERM")).toBe(0);
});

test("what up has written stays; a flag that would change it is not forgotten in silence", async () => {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  for (const [flags, told] of [
    [[], ""],
    [["--watch-process", "nginx"], "agent.yaml is there already: --watch-process"],
  ] as const) {
    const up = new TocsinProcess(["up", "--listen", "127.0.0.1:0", "--data", folder, ...flags]);
    onTestFinished(() => void up.stop("SIGKILL"));
    await up.says(/Tocsin is up at/);
    expect(up.stderr).toContain(told);
    expect(await up.stop("SIGTERM")).toBe(0);
  }
});

/** A folder for PATH in which there is what a shell needs, and of Node only what `node` says. */
function pathWith(node: string | null): string {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  for (const program of ["sh", "dirname", "readlink", "find", "head"])
    symlinkSync(["/usr/bin", "/bin"].map((place) => join(place, program)).find(existsSync)!, join(folder, program));
  if (node !== null) writeFileSync(join(folder, "node"), `#!/bin/sh\necho ${node}\n`, { mode: 0o755 });
  return folder;
}

/** A checkout in which `npm ci` has not been. */
function bareCheckout(): string {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  const root = new URL("../..", import.meta.url).pathname;
  for (const path of ["bin/tocsin", "test/run"]) cpSync(join(root, path), join(folder, path));
  return folder;
}

test.for<[situation: string, node: string | null, named: string | undefined, says: RegExp]>([
  ["no Node", null, undefined, /^tocsin: needs Node 24 or newer, and found none; run 'npm ci' in .*\n$/],
  ["an old Node", "v20.1.0", undefined, /^tocsin: needs Node 24 or newer, and found none; run 'npm ci' in .*\n$/],
  ["no packages", "v24.0.0", undefined, /^tocsin: its packages are not installed; run 'npm ci' in .*\n$/],
  ["a Node that is named and too old", null, "old", /^tocsin: TOCSIN_NODE names .*, which is no Node 24 .*\n$/],
  ["a Node that is named and not there", "v24.0.0", "/none", /^tocsin: TOCSIN_NODE names \/none, .*\n$/],
])("a start says in one line what is missing: %s", ([, node, named, says]) => {
  const env: Record<string, string> = { PATH: pathWith(node) };
  if (named !== undefined) env["TOCSIN_NODE"] = named === "old" ? join(pathWith("v20.1.0"), "node") : named;
  const { status, stderr } = spawnSync(join(bareCheckout(), "bin/tocsin"), ["up"], { env, encoding: "utf8" });
  expect([status, stderr]).toEqual([1, expect.stringMatching(says)]);
});

test("so do the tests", () => {
  const { status, stderr } = spawnSync(join(bareCheckout(), "test/run"), {
    env: { PATH: pathWith(null) },
    encoding: "utf8",
  });
  expect([status, stderr]).toEqual([
    1,
    expect.stringMatching(/^test\/run: Node 24 .* missing; run 'npm ci' first .*\n$/),
  ]);
});

test("every file and guide that the README points to is there", () => {
  const missing = [...README.matchAll(/\]\((?!http)([^)#]+)/g)]
    .map(([, path]) => path ?? "")
    .filter((path) => {
      try {
        readFileSync(new URL(`../../${path}`, import.meta.url));
        return false;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code !== "EISDIR";
      }
    });
  expect(missing).toEqual([]);
});
