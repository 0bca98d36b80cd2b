import { type ChildProcess, execFile, execFileSync, spawn, spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import type { Server } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { waitFor } from "./tocsin-process.ts";

const MAKER = new URL("debian-root.sh", import.meta.url).pathname;
const NET_LISTENER = new URL("net-listener.ts", import.meta.url).pathname;
/** Where nspawn keeps a folder for each system that it boots, on this machine. */
const PROPAGATED = "/run/systemd/nspawn/propagate";
/** systemd's controllers that a machine with cgroups of version 1 can lend. */
const LENT = ["memory", "cpu", "cpuacct", "pids", "devices", "blkio"];
const ENVIRONMENT = { PATH: "/usr/sbin:/usr/bin", LANG: "C.UTF-8", DEBIAN_FRONTEND: "noninteractive" };

/** Why this machine cannot boot a system of its own in a folder; undefined when it can. */
export function privateDebianObstacle(): string | undefined {
  if (process.platform !== "linux") return "not Linux";
  if (process.getuid?.() !== 0) return "not root";
  if (spawnSync("apt-get", ["--version"]).status !== 0) return "no apt-get";
  // Where there is one, it must work: a test that is passed over in silence on CI protects nothing.
  const fetched = spawnSync("sh", [MAKER, "fetch"], { encoding: "utf8" });
  if (fetched.status !== 0) throw new Error(fetched.stderr.trim());
  const own = spawnSync(
    "unshare",
    ["--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--mount-proc", "true"],
    {
      encoding: "utf8",
    },
  );
  return own.status === 0 ? undefined : `namespaces: ${own.stderr.trim() || String(own.error)}`;
}

interface Hierarchy {
  /** Of version 1: which. */
  controllers: string[];
  version: 1 | 2;
  /** This process's own group, as a folder. */
  ownGroup: string;
}

/** The cgroup hierarchies of this machine, as this process stands in them. */
function hierarchies(): Hierarchy[] {
  const groups = read("/proc/self/cgroup").trimEnd().split("\n");
  const found: Hierarchy[] = [];
  for (const line of read("/proc/self/mountinfo").trimEnd().split("\n")) {
    const [mount = "", source = ""] = line.split(" - ");
    const [, , , , path = ""] = mount.split(" ");
    const [type, , options = ""] = source.split(" ");
    if (type !== "cgroup" && type !== "cgroup2") continue;
    const version = type === "cgroup2" ? 2 : 1;
    const controllers = version === 2 ? [] : options.split(",").filter((option) => option !== "rw");
    const own = groups.find((group) => group.split(":")[1] === controllers.join(","));
    if (own !== undefined) found.push({ controllers, version, ownGroup: join(path, own.split(":")[2] ?? "") });
  }
  return found;
}

/**
 * A Debian with a real systemd as process 1, in a folder, process tree, network and control group of its own: what is done in it
 * this machine does not see. It is booted by systemd-nspawn from that folder, and never from this machine's own root.
 */
export class PrivateDebian {
  readonly root: string;
  /** Where its processes are limited and counted: 2, 1, or not at all where this machine lends no memory controller. */
  readonly memoryBy: "cgroup2" | "cgroup1" | "none";
  /** What its console said. */
  console = "";
  readonly #name: string;
  readonly #groups: string[];
  readonly #booter: ChildProcess;
  readonly #listeners: ChildProcess[] = [];
  #initPid = 0;

  private constructor(folder: string) {
    this.root = mkdtempSync(join(folder, "debian-"));
    this.#name = `tocsin-test-${process.pid}-${this.root.slice(-6).toLowerCase()}`;
    execFileSync("sh", [MAKER, "make", this.root], { stdio: ["ignore", "ignore", "pipe"] });
    const all = hierarchies();
    // A new group of cpuset has no processors, so that nothing can be put into it.
    const joined = all.filter(({ controllers }) => !controllers.includes("cpuset"));
    this.#groups = joined.map(({ ownGroup }) => join(ownGroup, this.#name));
    for (const { ownGroup } of joined) removeLeftovers(ownGroup, removeGroup);
    removeLeftovers(PROPAGATED, rmdirSync);
    for (const group of this.#groups) mkdirSync(group);
    const lent = (version: 1 | 2): boolean =>
      joined.some((each) => each.version === version && groupControllers(each, this.#name).includes("memory"));
    this.memoryBy = lent(2) ? "cgroup2" : lent(1) ? "cgroup1" : "none";
    this.#booter = this.#boot();
    for (const stream of [this.#booter.stdout, this.#booter.stderr])
      stream?.on("data", (chunk: Buffer) => (this.console += chunk.toString()));
  }

  static async start(folder: string): Promise<PrivateDebian> {
    const debian = new PrivateDebian(folder);
    try {
      await debian.#booted();
      return debian;
    } catch (error) {
      await debian.stop();
      throw error;
    }
  }

  #boot(): ChildProcess {
    const libraries = join(
      this.root,
      "usr/lib",
      readdirSync(join(this.root, "usr/lib")).find((name) => name.endsWith("-linux-gnu")) ?? "",
    );
    const linker = readdirSync(libraries).find((name) => /^ld-linux.*\.so/.test(name)) ?? "";
    const enter =
      'for group; do [ "$group" = -- ] && break; echo $$ >"$group/cgroup.procs" || exit 1; shift; done; shift';
    // What it starts dies with it, and it dies with us, so that nothing stays even when the test is killed.
    const bound = "exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child=KILL --mount-proc";
    const nspawn = [
      join(libraries, linker),
      "--library-path",
      `${libraries}:${join(libraries, "systemd")}`,
      join(this.root, "usr/bin/systemd-nspawn"),
      "--quiet",
      "--register=no",
      "--keep-unit",
      "--private-network",
      "--console=pipe",
      "--boot",
      `--directory=${this.root}`,
      `--machine=${this.#name}`,
      "--hostname=web-1",
    ];
    return spawn("sh", ["-c", `${enter}; ${bound} "$@"`, "sh", ...this.#groups, "--", ...nspawn], {
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        PATH: process.env["PATH"],
        SYSTEMD_NSPAWN_LOCK: "0",
        SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: this.memoryBy === "cgroup1" ? "0" : "1",
      },
    });
  }

  async #booted(): Promise<void> {
    const running = async (): Promise<void> => {
      const state = await waitFor(() => {
        if (this.#booter.exitCode !== null) return "ended";
        this.#initPid ||= initOf(this.#booter.pid ?? 0);
        const answer = this.#initPid === 0 ? "" : this.attempt("systemctl", "is-system-running").stdout.trim();
        return ["running", "degraded", "maintenance"].includes(answer) ? answer : undefined;
      });
      if (state !== "running") throw new Error(`the system did not come up: ${state}\n${this.console}`);
    };
    await running();
    if (this.memoryBy !== "cgroup1") return;
    // nspawn mounts version 1's controllers read-only there, though the group is its own.
    for (const name of LENT) this.attempt("mount", "-o", "remount,bind,rw", `/sys/fs/cgroup/${name}`);
    this.run("systemctl", "daemon-reexec");
    await running();
  }

  /** Runs a program in it as root and gives its standard output. */
  run(program: string, ...args: string[]): string {
    const { status, stdout, stderr } = this.attempt(program, ...args);
    if (status !== 0) throw new Error(`${program} ${args.join(" ")}: exit ${status}\n${stdout}${stderr}`);
    return stdout;
  }

  attempt(program: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
    return spawnSync("nsenter", this.#entering(program, args), { encoding: "utf8", env: ENVIRONMENT });
  }

  /** As `run`, while this process goes on: for what talks with a server of ours. */
  async runMeanwhile(program: string, ...args: string[]): Promise<string> {
    const run = promisify(execFile);
    return (await run("nsenter", this.#entering(program, args), { encoding: "utf8", env: ENVIRONMENT })).stdout;
  }

  #entering(program: string, args: readonly string[]): string[] {
    return [`--target=${this.#initPid}`, "--all", program, ...args];
  }

  /** A path in it, as this machine calls it. */
  path(absolute: string): string {
    return join(this.root, absolute);
  }

  write(absolute: string, content: string | Buffer): void {
    writeFileSync(this.path(absolute), content);
  }

  /** A listening socket on its loopback, for a server of ours to take. */
  async listen(port: number): Promise<Server> {
    const child = spawn(
      "nsenter",
      [`--target=${this.#initPid}`, "--net", process.execPath, NET_LISTENER, String(port)],
      {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      },
    );
    this.#listeners.push(child);
    return await new Promise<Server>((done, fail) => {
      child.once("message", (_, handle) => done(handle as Server));
      child.once("exit", (code) => fail(new Error(`nothing can listen in it: exit ${code}`)));
    });
  }

  /** Ends all of it, and leaves nothing behind. */
  async stop(): Promise<void> {
    for (const child of this.#listeners) child.kill();
    if (this.#booter.exitCode === null && this.#booter.signalCode === null) {
      const ended = new Promise((done) => this.#booter.once("close", done));
      this.#booter.kill("SIGKILL");
      await ended;
    }
    for (const group of this.#groups) await waitFor(() => (removeGroup(group) ? true : undefined), 10_000);
    rmSync(join(PROPAGATED, this.#name), { recursive: true, force: true });
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Process 1 of the system that `booter` boots: the only child of the only child … that has a process 1 of its own. */
function initOf(booter: number): number {
  for (let pid = booter; ; ) {
    const [child] = read(`/proc/${pid}/task/${pid}/children`).trim().split(" ");
    if (child === undefined || child === "") return 0;
    if (read(`/proc/${child}/comm`).trim() === "systemd") return Number(child);
    pid = Number(child);
  }
}

function groupControllers({ version, controllers, ownGroup }: Hierarchy, name: string): string[] {
  return version === 1
    ? controllers
    : read(join(ownGroup, name, "cgroup.controllers"))
        .trim()
        .split(" ");
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Empty folders of a test that was killed; its processes died with it. */
function removeLeftovers(folder: string, remove: (path: string) => unknown): void {
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    const pid = /^tocsin-test-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) remove(join(folder, name));
  }
}

/** Removes a group and those in it; false while there is somebody. */
function removeGroup(path: string): boolean {
  if (!existsSync(path)) return true;
  for (const entry of readdirSync(path, { withFileTypes: true }))
    if (entry.isDirectory() && !removeGroup(join(path, entry.name))) return false;
  try {
    rmdirSync(path);
    return true;
  } catch {
    return false;
  }
}
