import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { makeDataFolder } from "../composition/data-folder.ts";
import { EXIT, type CommandIo } from "./command-io.ts";
import { hostCmdb } from "./host-cmdb.ts";
import { paint } from "./table.ts";

const HELP = `Usage: tocsin up [options]

Starts a collector with the embedded store, an agent on this host and a sample CMDB of this host,
and prints where to look. Ctrl-C stops both; the data stays.

  --listen HOST:PORT  default 127.0.0.1:8430 (port 0 chooses one)
  --data DIR          default ~/.local/share/tocsin
  --webhook URL       also send notifications there
  --watch-process P   also watch a process by name (may be repeated)

Examples:
  tocsin up
  tocsin up --data ./try --watch-process nginx
`;

interface UpFlags {
  listen: string;
  data: string;
  webhook?: string | undefined;
  watchProcess: string[];
}

function parseFlags(args: string[], io: CommandIo): UpFlags | number {
  try {
    const { values } = parseArgs({
      args,
      options: {
        listen: { type: "string", default: "127.0.0.1:8430" },
        data: { type: "string" },
        webhook: { type: "string" },
        "watch-process": { type: "string", multiple: true, default: [] },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) {
      io.stdout(HELP);
      return EXIT.ok;
    }
    const home = io.env["XDG_DATA_HOME"] ?? join(homedir(), ".local/share");
    return {
      listen: values.listen,
      data: resolve(values.data ?? join(home, "tocsin")),
      webhook: values.webhook,
      watchProcess: values["watch-process"],
    };
  } catch (error) {
    io.stderr(`tocsin: ${(error as Error).message}\n\n${HELP}`);
    return EXIT.usage;
  }
}

/** Writes the files of the quick start; what the user has changed since stays. */
function prepare(flags: UpFlags): { config: string; agentConfig: string } {
  makeDataFolder(join(flags.data, "agent"));
  const write = (name: string, text: string): string => {
    const path = join(flags.data, name);
    if (!existsSync(path)) writeFileSync(path, text);
    return path;
  };
  const packs = new URL("../../rules/packs/linux-host", import.meta.url).pathname;
  write("cmdb.json", `${JSON.stringify(hostCmdb(hostname()), null, 2)}\n`);
  const receivers =
    flags.webhook === undefined
      ? ""
      : `receivers:\n  hook: { webhook: { url: ${JSON.stringify(flags.webhook)} } }\nroutes:\n  - { receivers: [hook] }\nlimits: { allowPrivateTargets: ["127.0.0.0/8", "::1/128"] }\n`;
  const config = write(
    "tocsin.yaml",
    `# Written by tocsin up; change it as you like, it is not overwritten. docs/guide/configuration.md tells what is possible.\ncmdb: { files: [cmdb.json] }\nrules: [${JSON.stringify(packs)}]\n${receivers}`,
  );
  const processes =
    flags.watchProcess.length === 0
      ? ""
      : `watch: { processes: [${flags.watchProcess.map((name) => JSON.stringify(name)).join(", ")}] }\n`;
  const agentConfig = write(
    "agent.yaml",
    `# Written by tocsin up; the agent of this host.\nci: ${JSON.stringify(hostname())}\ndataDir: agent\n${processes}`,
  );
  return { config, agentConfig };
}

function start(args: string[], stdout: "pipe" | "inherit"): ChildProcess {
  const bin = new URL("../../bin/tocsin", import.meta.url).pathname;
  return spawn(bin, args, { stdio: ["ignore", stdout, "inherit"] });
}

const ended = (child: ChildProcess): Promise<number> =>
  new Promise((done) => {
    if (child.exitCode !== null) done(child.exitCode);
    child.once("exit", (code) => done(code ?? EXIT.failed));
  });

/** The address that the collector prints once it takes requests; null when it ends before. */
function address(collector: ChildProcess): Promise<string | null> {
  return new Promise((done) => {
    let text = "";
    collector.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const found = /^listening (\S+)$/m.exec(text);
      if (found !== null) done(found[1] ?? null);
    });
    collector.once("exit", () => done(null));
  });
}

function welcome(url: string, flags: UpFlags, io: CommandIo): string {
  const bold = (text: string): string => paint(text, "bold", io.isTerminal);
  return [
    bold(`Tocsin is up at ${url}`),
    `  look        ${url}/                      what is open, and the agents`,
    `  metrics     ${url}/metrics/agents        this host, by node_exporter's names`,
    `  Prometheus  ${url}/sd/prometheus         HTTP service discovery`,
    `  incidents   tocsin incidents${url.endsWith(":8430") ? "" : ` --collector ${url}`}`,
    `  settings    ${flags.data}/tocsin.yaml, agent.yaml, cmdb.json`,
    `Try it: fill a file system above its threshold, or stop a process named in agent.yaml (watch: { processes: [...] }). Ctrl-C stops.`,
    "",
  ].join("\n");
}

/** `tocsin up`: supervises a collector and an agent until it is told to stop. */
export async function run(args: string[], io: CommandIo): Promise<number> {
  const flags = parseFlags(args, io);
  if (typeof flags === "number") return flags;
  let files: ReturnType<typeof prepare>;
  try {
    files = prepare(flags);
  } catch (error) {
    io.stderr(`tocsin: ${(error as Error).message}\n`);
    return EXIT.failed;
  }
  const collector = start(
    ["collector", "--config", files.config, "--listen", flags.listen, "--data", join(flags.data, "collector")],
    "pipe",
  );
  const children = [collector];
  const stopAll = (): void => children.forEach((child) => child.kill("SIGTERM"));
  io.signal.addEventListener("abort", stopAll);
  const url = await address(collector);
  if (url === null) return ended(collector);
  const agent = start(["agent", "--config", files.agentConfig, "--collector", url], "inherit");
  children.push(agent);
  io.stdout(welcome(url, flags, io));
  const first = await Promise.race([
    ended(collector).then((code) => ({ who: "collector", code })),
    ended(agent).then((code) => ({ who: "agent", code })),
  ]);
  if (!io.signal.aborted) io.stderr(`tocsin: the ${first.who} ended with code ${first.code}; stopping\n`);
  stopAll();
  const codes = await Promise.all(children.map(ended));
  return io.signal.aborted ? EXIT.ok : Math.max(...codes, EXIT.failed);
}
