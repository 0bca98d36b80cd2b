import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { json, startCollector, temporaryFolder, waitFor } from "../support/tocsin-process.ts";

const config = (token: string, more = ""): string => `
auth: { tokens: [{ name: anna, role: operator, token: "${token}" }] }
cmdb: { files: [cmdb.yaml] }
${more}
`;

const CMDB = "cis: [{ id: web-01, type: host, name: web-01 }]\n";

test("a changed file takes effect without a restart; one with mistakes never replaces a good one", async () => {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  const { process, url } = await startCollector(folder, {
    "tocsin.yaml": config("first-token-0123456789"),
    "cmdb.yaml": CMDB,
  });
  onTestFinished(() => void process.stop("SIGKILL"));
  const status = async (token: string): Promise<number> =>
    (await json(`${url}/api/v1/incidents`, undefined, { authorization: `Bearer ${token}` })).status;
  const successful = async (token: string): Promise<string | undefined> => {
    const response = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } });
    return /^tocsin_config_last_reload_successful (\d)$/m.exec(await response.text())?.[1];
  };
  expect(await status("first-token-0123456789")).toBe(200);
  expect(await successful("first-token-0123456789")).toBe("1");

  writeFileSync(join(folder, "tocsin.yaml"), config("other-token-0123456789", "receivrs: {}"));
  expect(await waitFor(() => (process.stderr.includes("CONFIG_UNKNOWN_KEY") ? true : undefined), 20_000)).toBe(true);
  expect(await status("first-token-0123456789")).toBe(200);
  expect(await successful("first-token-0123456789")).toBe("0");

  writeFileSync(join(folder, "tocsin.yaml"), config("other-token-0123456789"));
  expect(await waitFor(async () => ((await status("other-token-0123456789")) === 200 ? true : undefined), 20_000)).toBe(
    true,
  );
  expect(await status("first-token-0123456789")).toBe(401);
  expect(
    await waitFor(async () => ((await successful("other-token-0123456789")) === "1" ? true : undefined), 20_000),
  ).toBe(true);
  expect(process.stderr).not.toContain("takes effect after a restart");

  writeFileSync(join(folder, "cmdb.yaml"), `${CMDB}relations: [{ from: web-01, type: runsOn, to: hv-1 }]\n`);
  writeFileSync(
    join(folder, "cmdb.yaml"),
    "cis: [{ id: web-01, type: host, name: web-01 }, { id: web-02, type: host, name: web-02 }]\n",
  );
  const ids = await waitFor(async () => {
    const { body } = await json<{ items: { id: string }[] }>(`${url}/api/v1/cmdb/cis`, undefined, {
      authorization: "Bearer other-token-0123456789",
    });
    return body.items.length === 2 ? body.items.map(({ id }) => id) : undefined;
  }, 20_000);
  expect(ids).toEqual(["web-01", "web-02"]);
  expect(await process.stop()).toBe(0);
});

test.for<[situation: string, files: Record<string, string>, args: string[], says: RegExp]>([
  [
    "a configuration with mistakes: all of them",
    { "tocsin.yaml": "listn: x\ncorrelation: { resolveAfter: soon }\n" },
    [],
    /tocsin\.yaml:1:1: error CONFIG_UNKNOWN_KEY[\s\S]*tocsin\.yaml:2:\d+: error/,
  ],
  ["an address beyond loopback without tokens", { "tocsin.yaml": "{}\n" }, ["--listen", "0.0.0.0:0"], /tokens/],
  ["a CMDB that cannot be read", { "tocsin.yaml": "cmdb: { files: [missing.yaml] }\n" }, [], /missing\.yaml/],
  ["a port that is none", { "tocsin.yaml": "{}\n" }, ["--listen", "127.0.0.1:99999"], /--listen takes HOST:PORT/],
])("the collector refuses to start, and says why: %s", async ([, files, args, says]) => {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  const failure = await startCollector(folder, files, { args }).then(
    () => "it started",
    (error: unknown) => (error as Error).message,
  );
  expect(failure).toMatch(says);
  expect(failure).toMatch(/exit [12]/);
});

test("a second collector on the same data directory is refused", async () => {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  const { process } = await startCollector(folder, { "tocsin.yaml": "{}\n" });
  onTestFinished(() => void process.stop("SIGKILL"));
  const failure = await startCollector(folder, { "tocsin.yaml": "{}\n" }).then(
    () => "it started",
    (error: unknown) => (error as Error).message,
  );
  expect(failure).toMatch(/another|in use|already/);
});
