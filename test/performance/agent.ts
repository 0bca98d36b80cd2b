import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { cpus, release, tmpdir } from "node:os";
import { join } from "node:path";

/**
 * `npm run bench:agent [-- SECONDS]`: what the agent costs a host, beside the agents of others that are installed (Debian:
 * prometheus-node-exporter, collectd-core, zabbix-agent, zabbix-agent2, netdata-core), all in one run of the same length, with a
 * Node that does nothing as the floor. From /proc/PID, over the process and all its descendants: CPU time (so other load on the
 * machine does not count), resident, private (what no other process shares), and how many processes that are.
 * The agent's parts are told by leaving them out.
 * Budgets: resident ≤ 55 MiB, CPU ≤ 0.2 % of one core at 10 s with all standard collectors, no child process.
 */

const SETTLE_S = 30;
const seconds = Number(process.argv[2] ?? 180);
const EVERY_MS = 10_000;
const root = new URL("../..", import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), "tocsin-bench-"));
const TICKS_PER_SECOND = 100;

interface Contender {
  name: string;
  command: string[];
}

/** What a Zabbix server's template for Linux asks for; each is a connection of its own, as Zabbix 6.0 does. */
const ZABBIX_ITEMS = [
  "agent.ping",
  "kernel.maxfiles",
  "kernel.maxproc",
  "proc.num",
  "proc.num[,,run]",
  "system.boottime",
  "system.cpu.intr",
  "system.cpu.load[all,avg1]",
  "system.cpu.load[all,avg5]",
  "system.cpu.load[all,avg15]",
  "system.cpu.num",
  "system.cpu.switches",
  "system.cpu.util[,idle]",
  "system.cpu.util[,iowait]",
  "system.cpu.util[,system]",
  "system.cpu.util[,user]",
  "system.swap.size[,free]",
  "system.swap.size[,pfree]",
  "system.uptime",
  "net.if.in[eth0]",
  "net.if.out[eth0]",
  "net.if.in[lo]",
  "vfs.file.contents[/proc/diskstats]",
  "vfs.fs.inode[/,pfree]",
  "vfs.fs.size[/,pused]",
  "vfs.fs.size[/,total]",
  "vfs.fs.size[/,used]",
  "vm.memory.size[available]",
  "vm.memory.size[pavailable]",
  "vm.memory.size[total]",
] as const;

/** Takes what is sent and answers as a collector does. */
function sink(): Promise<{ url: string; close: () => void }> {
  // Kept open between two requests for as long as the collector keeps them.
  const server = createServer({ keepAliveTimeout: 72_000 }, (request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(request.method === "GET" ? 404 : 200).end());
  });
  return new Promise((done) => {
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      done({ url: `http://127.0.0.1:${port}`, close: () => server.close() });
    });
  });
}

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function contenders(url: string): Contender[] {
  const agent = (name: string, more = ""): string[] => {
    const watch = `watch: { processes: [node], ports: ["${url.slice(7)}"] }`;
    const config = write(`${name}.yaml`, `collector: ${url}\ndataDir: ${name}\nci: ${name}\n${watch}\n${more}\n`);
    return [process.execPath, join(root, "dist/agent.cjs"), "--config", config];
  };
  const unchanging = "changes: { packages: false, units: false, users: false, listeningPorts: false }";
  const plugins = [
    "cpu",
    "df",
    "disk",
    "interface",
    "load",
    "memory",
    "processes",
    "swap",
    "uptime",
    "vmem",
    "tcpconns",
  ];
  const collectd = write(
    "collectd.conf",
    `BaseDir "${folder}"\nPIDFile "${folder}/collectd.pid"\nInterval 10\n${plugins.map((name) => `LoadPlugin ${name}\n`).join("")}LoadPlugin csv\n<Plugin csv>\nDataDir "${folder}/csv"\n</Plugin>\n`,
  );
  const zabbix = write(
    "zabbix.conf",
    `Server=127.0.0.1\nListenPort=18050\nLogType=console\nAllowRoot=1\nPidFile=${folder}/z.pid\n`,
  );
  const zabbix2 = write(
    "zabbix2.conf",
    `Server=127.0.0.1\nListenPort=18051\nLogType=console\nHostname=x\nControlSocket=${folder}/z2.sock\nPluginSocket=${folder}/p2.sock\n`,
  );
  for (const name of ["cache", "lib", "log"]) mkdirSync(join(folder, name));
  const netdata = write(
    "netdata.conf",
    `[global]\nrun as user = root\n[directories]\ncache = ${folder}/cache\nlib = ${folder}/lib\nlog = ${folder}/log\n[web]\nbind to = 127.0.0.1:18052\n`,
  );
  const all: Contender[] = [
    { name: "node, doing nothing", command: [process.execPath, "-e", "setInterval(() => {}, 1000)"] },
    { name: "tocsin agent (bundle), all of it", command: agent("agent") },
    { name: "… without the recorder", command: agent("unrecorded", "recorder: false") },
    { name: "… without discovery", command: agent("undiscovering", "discover: false") },
    {
      name: "… with neither, and few changes",
      command: agent("bare", `recorder: false\ndiscover: false\n${unchanging}`),
    },
    {
      name: "node_exporter, scraped at 10 s",
      command: ["/usr/bin/prometheus-node-exporter", "--web.listen-address=127.0.0.1:18053"],
    },
    { name: "collectd, 11 plugins at 10 s, to csv", command: ["/usr/sbin/collectd", "-f", "-C", collectd] },
    { name: "zabbix_agentd, 30 items at 10 s", command: ["/usr/sbin/zabbix_agentd", "-f", "-c", zabbix] },
    { name: "zabbix_agent2, 30 items at 10 s", command: ["/usr/sbin/zabbix_agent2", "-c", zabbix2] },
    { name: "netdata, 1 s", command: ["/usr/sbin/netdata", "-D", "-c", netdata] },
  ];
  const missing = all.filter(({ command }) => !existsSync(command[0] ?? ""));
  for (const { name } of missing) process.stdout.write(`not installed here: ${name}\n`);
  return all.filter((each) => !missing.includes(each));
}

/** The process and its descendants: some agents are several. */
function family(pid: number): number[] {
  const out = spawnSync("ps", ["-o", "pid=", "--ppid", String(pid)], { encoding: "utf8" }).stdout;
  const children = out
    .split("\n")
    .map(Number)
    .filter((child) => child > 0);
  return [pid, ...children.flatMap(family)];
}

function costs(pid: number): { ticks: number; residentKib: number; privateKib: number } {
  let [ticks, residentKib, privateKib] = [0, 0, 0];
  for (const each of family(pid)) {
    try {
      const stat = readFileSync(`/proc/${each}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      ticks += Number(fields[11]) + Number(fields[12]);
      const rollup = readFileSync(`/proc/${each}/smaps_rollup`, "latin1");
      residentKib += Number(/^Rss:\s+(\d+)/m.exec(rollup)?.[1] ?? 0);
      for (const [, kib] of rollup.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+)/gm)) privateKib += Number(kib);
    } catch {
      // A child that ended between the list and the look: its time is its parent's now.
    }
  }
  return { ticks, residentKib, privateKib };
}

function end(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It went with its parent.
  }
}

const pause = (ms: number): Promise<void> =>
  new Promise((done) => {
    setTimeout(done, ms);
  });

/** One passive check, with Zabbix' header (magic, flags, length as 64 bits); whatever comes of it. */
function askZabbix(port: number, item: string): Promise<string> {
  const header = Buffer.alloc(13);
  header.write("ZBXD\u0001");
  header.writeBigUInt64LE(BigInt(item.length), 5);
  return new Promise((done) => {
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(Buffer.concat([header, Buffer.from(item)])));
    socket.on("data", (chunk) => (answer += chunk.toString("latin1")));
    socket.on("error", () => done(""));
    socket.on("close", () => done(answer));
  });
}

/** Others are asked by their servers: Prometheus scrapes, Zabbix polls. Counts the answers, so that a deaf one is seen. */
async function ask(answered: Map<string, number>): Promise<void> {
  const count = (name: string): void => void answered.set(name, (answered.get(name) ?? 0) + 1);
  const scraped = await fetch("http://127.0.0.1:18053/metrics").then(
    (response) => response.text(),
    () => "",
  );
  if (scraped.includes("node_load1")) count("node_exporter");
  for (const [name, port] of [
    ["zabbix_agentd", 18_050],
    ["zabbix_agent2", 18_051],
  ] as const)
    for (const item of ZABBIX_ITEMS) if ((await askZabbix(port, item)) !== "") count(name);
}

const server = await sink();
const running: { name: string; child: ChildProcess; before: ReturnType<typeof costs> }[] = [];
for (const { name, command } of contenders(server.url)) {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { stdio: "ignore" });
  running.push({ name, child, before: { ticks: 0, residentKib: 0, privateKib: 0 } });
}
const answered = new Map<string, number>();
const asking = setInterval(() => void ask(answered), EVERY_MS);
await pause(SETTLE_S * 1000);
for (const each of running) each.before = costs(each.child.pid ?? 0);
await pause(seconds * 1000);
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "?"}, Linux ${release()}, Node ${process.version}`;
const answers = [...answered].map(([name, count]) => `${name} ${count}`).join(", ");
process.stdout.write(
  `${machine}, ${new Date().toISOString().slice(0, 10)}, ${seconds} s after ${SETTLE_S} s; answers: ${answers}\n\n`,
);
process.stdout.write("| agent | resident MiB | private MiB | CPU of one core | processes |\n|---|---|---|---|---|\n");
for (const { name, child, before } of running) {
  if (child.exitCode !== null) {
    process.stdout.write(`| ${name} | ended with ${child.exitCode} | | | |\n`);
    continue;
  }
  const after = costs(child.pid ?? 0);
  const share = ((after.ticks - before.ticks) / TICKS_PER_SECOND / seconds) * 100;
  const mib = (kib: number): string => (kib / 1024).toFixed(1);
  const members = family(child.pid ?? 0);
  process.stdout.write(
    `| ${name} | ${mib(after.residentKib)} | ${mib(after.privateKib)} | ${share.toFixed(2)} % | ${members.length} |\n`,
  );
  for (const pid of members) end(pid, "SIGTERM");
}
clearInterval(asking);
server.close();
await pause(2000);
for (const { child } of running) child.kill("SIGKILL");
rmSync(folder, { recursive: true, force: true });
process.exit(0);
