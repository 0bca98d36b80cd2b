import { execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { RecordingCollector } from "../support/recording-collector.ts";
import { temporaryFolder, waitFor } from "../support/tocsin-process.ts";

const root = new URL("../..", import.meta.url).pathname;
const run = (...args: string[]): string => execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });
const hasDpkg = spawnSync("dpkg", ["--version"]).status === 0 && process.getuid?.() === 0;
const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;

/** The agent as it ships: one file, a unit, a package. */

test("the bundle is one file that runs alone, far from the checkout, and is the same from the same sources", async () => {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  run("deploy/package/bundle-agent.ts");
  const first = readFileSync(join(root, "dist/agent.cjs"));
  run("deploy/package/bundle-agent.ts");
  expect(readFileSync(join(root, "dist/agent.cjs")).equals(first)).toBe(true);
  writeFileSync(join(folder, "agent.cjs"), first);
  const collector = await RecordingCollector.start();
  onTestFinished(() => collector.stop());
  writeFileSync(
    join(folder, "agent.yaml"),
    `collector: ${collector.url}\ndataDir: data\nwatch: { logs: [{ path: a.log, pattern: "a+b" }], ports: [${collector.port}] }\n`,
  );
  const child = spawn(process.execPath, [join(folder, "agent.cjs"), "--config", join(folder, "agent.yaml"), "--once"], {
    cwd: "/",
    env: { PATH: "/usr/bin:/bin" },
  });
  const code = await new Promise<number | null>((done) => child.on("exit", done));
  expect(code).toBe(0);
  expect(collector.received.some((request) => request.path === "/v1/metrics")).toBe(true);
});

test("a mistake in its file is told with line and column, and it does not run", () => {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  const path = join(folder, "agent.yaml");
  writeFileSync(path, "interval: 10s\nwatch:\n  ports: [99999]\n");
  const result = spawnSync(process.execPath, [join(root, "dist/agent.cjs"), "--config", path], { encoding: "utf8" });
  expect(result.status).toBe(1);
  expect(result.stderr).toContain(`${path}:3:11: error AGENT_OUT_OF_RANGE`);
});

test("a file can be checked where there is nothing but the package, also the one that it brings", () => {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  const check = (path: string): { status: number | null; stdout: string; stderr: string } =>
    spawnSync(process.execPath, [join(root, "dist/agent.cjs"), "--check", "--config", path], { encoding: "utf8" });
  const own = join(root, "deploy/package/agent.yaml");
  expect(check(own)).toMatchObject({ status: 0, stdout: `${own}: fine\n`, stderr: "" });
  const path = join(folder, "agent.yaml");
  writeFileSync(path, "intervall: 10s\n");
  expect(check(path)).toMatchObject({ status: 1, stdout: "" });
  expect(check(path).stderr).toContain(`${path}:1:1: error `);
});

test.runIf(hasAnalyze)("the unit's exposure is 2.0 at most, by systemd-analyze", () => {
  const unit = join(root, "deploy/systemd/tocsin-agent.service");
  const result = spawnSync("systemd-analyze", ["security", "--offline=true", "--threshold=20", unit], {
    encoding: "utf8",
  });
  expect(result.status, result.stdout).toBe(0);
});

test.runIf(hasDpkg)(
  "the Debian package: installed, run, upgraded with the administrator's file kept, removed, purged",
  async () => {
    const folder = temporaryFolder((clean) => onTestFinished(clean));
    const host = join(folder, "root");
    for (const path of ["var/lib/dpkg/info", "var/lib/dpkg/updates", "usr/bin"])
      mkdirSync(join(host, path), { recursive: true });
    for (const path of ["status", "available"]) writeFileSync(join(host, "var/lib/dpkg", path), "");
    const build = (version: string): string => {
      const out = join(folder, `${version}.deb`);
      run("deploy/package/build-deb.ts", "--system-node", "--version", version, "--out", out);
      return out;
    };
    // Into a folder that plays the host: maintainer scripts run outside of it and are told by DPKG_ROOT.
    const dpkg = (...args: string[]): string =>
      execFileSync(
        "dpkg",
        [`--root=${host}`, "--force-script-chrootless", "--force-depends", "--force-confold", ...args],
        {
          encoding: "utf8",
          env: { ...process.env, PATH: `${process.env["PATH"]}:/usr/sbin:/sbin` },
          stdio: ["ignore", "pipe", "pipe"],
        },
      );
    const agent = join(host, "usr/lib/tocsin-agent/agent.cjs");
    const file = join(host, "etc/tocsin/agent.yaml");

    dpkg("--install", build("1.0.0"));
    expect(existsSync(join(host, "usr/lib/systemd/system/tocsin-agent.service"))).toBe(true);
    const collector = await RecordingCollector.start();
    onTestFinished(() => collector.stop());
    writeFileSync(file, `collector: ${collector.url}\ndataDir: ${join(host, "var/lib/tocsin-agent")}\n`);
    const child = spawn(process.execPath, [agent, "--config", file], { stdio: "ignore" });
    onTestFinished(() => void child.kill("SIGKILL"));
    expect(await waitFor(() => (collector.received.length > 0 ? true : undefined), 20_000)).toBe(true);
    child.kill("SIGTERM");
    expect(await new Promise((done) => child.on("exit", done))).toBe(0);

    dpkg("--install", build("1.1.0"));
    expect(readFileSync(file, "utf8")).toContain(collector.url);
    expect(dpkg("--status", "tocsin-agent")).toContain("Version: 1.1.0");

    writeFileSync(join(host, "etc/tocsin/agent.env"), "TOCSIN_ENROLMENT_TOKEN=secret\n");
    dpkg("--remove", "tocsin-agent");
    expect(existsSync(join(host, "etc/tocsin/agent.env"))).toBe(true);
    expect(existsSync(agent)).toBe(false);
    expect(existsSync(file)).toBe(true);
    dpkg("--purge", "tocsin-agent");
    expect(existsSync(file)).toBe(false);
    expect(existsSync(join(host, "var/lib/tocsin-agent"))).toBe(false);
    expect(existsSync(join(host, "etc/tocsin"))).toBe(false);
  },
);
