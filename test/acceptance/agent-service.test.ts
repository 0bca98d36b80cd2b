import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFailed, onTestFinished, test } from "vitest";
import { PrivateDebian, privateDebianObstacle } from "../support/private-debian.ts";
import { RecordingCollector } from "../support/recording-collector.ts";
import { temporaryFolder, waitFor } from "../support/tocsin-process.ts";

const root = new URL("../..", import.meta.url).pathname;
const UNIT = "tocsin-agent.service";
const DATA = "/var/lib/private/tocsin-agent";
const MIB = 1024 * 1024;

/** What a test has: the system, and the collector at the address that the package's own file names. */
interface Host {
  debian: PrivateDebian;
  collector: RecordingCollector;
}

/** And has no rules to give. */
const takesAll = ({ path }: { path: string }): { status: number } => ({ status: path.endsWith("/rules") ? 304 : 200 });

async function startHost(skip: (reason: string) => never): Promise<Host> {
  const obstacle = privateDebianObstacle();
  if (obstacle !== undefined) {
    process.stderr.write(`the agent is not tried under systemd here: ${obstacle}\n`);
    skip(obstacle);
  }
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  const debian = await PrivateDebian.start(folder);
  onTestFinished(() => debian.stop());
  onTestFailed(() => {
    process.stderr.write(debian.attempt("journalctl", "--unit", UNIT, "--no-pager").stdout);
  });
  const collector = await RecordingCollector.start(await debian.listen(8430));
  onTestFinished(() => collector.stop());
  collector.reply = takesAll;
  return { debian, collector };
}

/** By the project's own script, as `npm run build:deb` calls it. */
function buildPackages(debian: PrivateDebian): void {
  const script = (...args: string[]): string => execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  script("deploy/package/bundle-agent.ts");
  mkdirSync(debian.path("/root/dist"));
  for (const version of ["1.0.0", "1.1.0"]) {
    const out = debian.path(`/root/dist/tocsin-agent_${version}.deb`);
    script("deploy/package/build-deb.ts", "--version", version, "--out", out);
  }
}

const property = (debian: PrivateDebian, name: string): string =>
  debian.run("systemctl", "show", UNIT, `--property=${name}`, "--value").trim();
const isActive = (debian: PrivateDebian): string => debian.attempt("systemctl", "is-active", UNIT).stdout.trim();
const messages = (debian: PrivateDebian): Record<string, unknown>[] =>
  debian
    .run("journalctl", "--unit", UNIT, "--output=cat", "--no-pager")
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Waits for what the collector gets from here on. */
async function received(collector: RecordingCollector, what: string, holds: () => boolean): Promise<void> {
  const found = await waitFor(() => (holds() ? true : undefined), 45_000);
  expect(found, `${what}; there came ${[...new Set(collector.received.map(({ path }) => path))].join(" ")}`).toBe(true);
}
const bodies = (collector: RecordingCollector, path: string): string =>
  collector.received.flatMap((request) => (request.path === path ? [request.body.toString("latin1")] : [])).join("\n");

const FILE = `collector: http://127.0.0.1:8430
interval: 2s
expose: 127.0.0.1:9100
watch:
  processes: [no-such-program]
  units: [dbus.service, no-such.service]
  ports: [8430]
  logs: [{ path: /var/log/application.log, pattern: "ERROR.*disk" }]
  journal: [{ identifier: canary, pattern: "sang" }]
  ping: [127.0.0.1]
`;
/** What docs/guide/agent.md says to add for the journal and for ping. */
const OVERRIDE = `[Service]
SupplementaryGroups=systemd-journal
CapabilityBoundingSet=CAP_NET_RAW
AmbientCapabilities=CAP_NET_RAW
SystemCallFilter=capset setuid
`;
/** Of documentation's addresses; discovery tells it. */
const ADDRESS = "192.0.2.10";

async function checkFirstStart({ debian, collector }: Host): Promise<void> {
  debian.run("sh", "-c", "cd /root && apt install -y ./dist/tocsin-agent_1.0*.deb");
  expect(isActive(debian)).toBe("active");
  expect(debian.run("systemctl", "is-enabled", UNIT).trim()).toBe("enabled");
  await received(collector, "metrics without a word of configuration", () =>
    bodies(collector, "/v1/metrics").includes("system.cpu.time"),
  );
}

/** Every watch, through the sandbox. */
async function checkWork({ debian, collector }: Host): Promise<void> {
  debian.write("/etc/tocsin/agent.yaml", FILE);
  debian.write("/var/log/application.log", "");
  mkdirSync(debian.path(`/etc/systemd/system/${UNIT}.d`));
  debian.write(`/etc/systemd/system/${UNIT}.d/override.conf`, OVERRIDE);
  debian.run("ip", "address", "add", `${ADDRESS}/32`, "dev", "lo");
  debian.run("systemctl", "daemon-reload");
  debian.run("systemctl", "restart", UNIT);
  const begun = collector.received.length;
  await received(collector, "metrics after a restart", () =>
    collector.received.slice(begun).some(({ path }) => path === "/v1/metrics"),
  );
  const told = async (...checks: string[]): Promise<void> => {
    for (const check of checks)
      await received(collector, `the event ${check}`, () => bodies(collector, "/api/v1/events").includes(`"${check}"`));
  };
  await told("process_down", "unit_down");
  // Only now, because what was written before the watches began is not theirs to tell.
  debian.run("sh", "-c", 'echo "ERROR: disk" >>/var/log/application.log; echo it sang | systemd-cat -t canary');
  await told("log_match", "journal_match");
  const metrics = bodies(collector, "/v1/metrics");
  for (const name of ["system.memory.usage", "system.disk.io", "system.filesystem.usage", "system.processes.count"])
    expect(metrics, name).toContain(name);
  await received(collector, "what it discovered", () =>
    collector.received.some(({ path, body }) => path.includes("observation") && body.includes(ADDRESS)),
  );
  const complaints = messages(debian).filter(({ level }) => level !== "info");
  expect(complaints).toEqual([]);
}

/** As process 1 and the kernel see it: what the unit takes away is gone. */
function checkSandbox({ debian }: Host): void {
  const line = (name: string): string => statusLine(debian, name);
  expect(line("Uid").split("\t")).not.toContain("0");
  expect([line("CapEff"), line("CapBnd"), line("NoNewPrivs"), line("Seccomp")]).toEqual([
    "0000000000000000",
    "0000000000000000",
    "1",
    "2",
  ]);
  expect(property(debian, "MemoryHigh")).toBe(String(96 * MIB));
  const exposure = debian.run("systemd-analyze", "security", UNIT, "--no-pager").trim().split("\n").at(-1) ?? "";
  expect(Number(/: ([\d.]+) /.exec(exposure)?.[1]), exposure).toBeLessThanOrEqual(2);
}

function statusLine(debian: PrivateDebian, name: string): string {
  const status = debian.run("cat", `/proc/${property(debian, "MainPID")}/status`);
  return new RegExp(`^${name}:\\s+(.*)$`, "m").exec(status)?.[1] ?? "";
}

/** What systemd counts is also the page cache of Node's file, which the kernel takes back when it must; the rest is the agent's own. */
function checkMemory({ debian }: Host): void {
  const bytes = Number(property(debian, "MemoryCurrent"));
  const charged = Number.isNaN(bytes) ? "not counted on this machine" : `${(bytes / MIB).toFixed(1)} MiB`;
  const resident = ["VmRSS", "RssAnon"].map((name) => `${name} ${statusLine(debian, name)}`).join(", ");
  process.stdout.write(`the unit's memory (${debian.memoryBy}): ${charged}; ${resident}\n`);
  if (debian.memoryBy !== "none") expect(bytes).toBeLessThan(128 * MIB);
  expect(Number.parseInt(statusLine(debian, "RssAnon"), 10)).toBeLessThan(48 * 1024);
}

/** Away, then killed, then back: what was sampled meanwhile comes. */
async function checkSpool({ debian, collector }: Host): Promise<void> {
  collector.reply = () => ({ status: 503 });
  const main = property(debian, "MainPID");
  const refused = collector.received.length;
  await received(collector, "a request that is refused", () => collector.received.length > refused);
  debian.run("sh", "-c", 'echo "ERROR: disk, while nobody listened" >>/var/log/application.log');
  await waitFor(() =>
    messages(debian).some(({ msg }) => msg === "the collector cannot be reached") ? true : undefined,
  );
  debian.run("systemctl", "kill", "--signal=KILL", UNIT);
  const back = await waitFor(() => {
    const pid = property(debian, "MainPID");
    return pid !== "0" && pid !== main && isActive(debian) === "active" ? pid : undefined;
  });
  expect(back).toBeDefined();
  expect(statSync(debian.path(DATA)).mode & 0o777).toBe(0o700);
  expect(readdirSync(debian.path(DATA)).length).toBeGreaterThan(0);
  collector.received.length = 0;
  collector.reply = takesAll;
  await received(collector, "what lay on disk", () => bodies(collector, "/v1/metrics").includes("system.cpu.time"));
}

test("the Debian package under a real systemd: started, at work in its sandbox, upgraded, removed, purged", async ({
  skip,
}) => {
  const host = await startHost(skip);
  const { debian, collector } = host;
  buildPackages(debian);

  await checkFirstStart(host);
  checkSandbox(host);
  await checkWork(host);
  checkMemory(host);
  await checkSpool(host);

  // An administrator tries it by hand, as root: what that leaves is still the service's.
  debian.run("systemctl", "stop", UNIT);
  await debian.runMeanwhile("tocsin-agent", "--config", "/etc/tocsin/agent.yaml", "--once");
  expect(debian.run("find", DATA, "-user", "root")).toBe("");
  debian.run("systemctl", "start", UNIT);

  // Upgraded: another process, the same data, the administrator's file as it was.
  const before = property(debian, "MainPID");
  const identity = readFileSync(debian.path(join(DATA, "identity.json")), "utf8");
  debian.run("dpkg", "--install", "/root/dist/tocsin-agent_1.1.0.deb");
  expect(isActive(debian)).toBe("active");
  expect(property(debian, "MainPID")).not.toBe(before);
  expect(property(debian, "NRestarts")).toBe("0");
  expect(readFileSync(debian.path("/etc/tocsin/agent.yaml"), "utf8")).toBe(FILE);
  expect(readFileSync(debian.path(join(DATA, "identity.json")), "utf8")).toBe(identity);
  collector.received.length = 0;
  await received(collector, "metrics of the new one", () =>
    bodies(collector, "/v1/metrics").includes("system.cpu.time"),
  );

  // Removed: it stands still, and what is the administrator's stays. Installed again it goes on.
  debian.run("dpkg", "--remove", "tocsin-agent");
  expect(isActive(debian)).not.toBe("active");
  expect(existsSync(debian.path("/usr/lib/tocsin-agent"))).toBe(false);
  expect(existsSync(debian.path("/etc/tocsin/agent.yaml"))).toBe(true);
  expect(readFileSync(debian.path(join(DATA, "identity.json")), "utf8")).toBe(identity);
  debian.run("dpkg", "--install", "/root/dist/tocsin-agent_1.1.0.deb");
  expect(isActive(debian)).toBe("active");

  debian.run("dpkg", "--purge", "tocsin-agent");
  expect(isActive(debian)).not.toBe("active");
  expect(debian.attempt("systemctl", "cat", UNIT).status).not.toBe(0);
  for (const path of [
    DATA,
    "/var/lib/tocsin-agent",
    "/etc/tocsin",
    "/usr/lib/tocsin-agent",
    "/etc/systemd/system/multi-user.target.wants/tocsin-agent.service",
  ])
    expect(existsSync(debian.path(path)), path).toBe(false);
  expect(debian.run("getent", "passwd", "tocsin-agent")).toContain("nologin");
  expect(debian.attempt("systemctl", "list-units", "--failed", "--no-legend").stdout.trim()).toBe("");
});
