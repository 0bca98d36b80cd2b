import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { homedir, hostname } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeDataFolder } from "../composition/data-folder.ts";
import { complain, type Complaint, EXIT, misuse, type CommandIo } from "./command-io.ts";
import { hostCmdb } from "./host-cmdb.ts";
import { paint } from "./table.ts";

const HELP = `Usage: tocsin up [options]

Starts a collector with the embedded store, an agent on this host and a sample CMDB of this host,
and prints where to look. Ctrl-C stops both; the data stays.

  --listen HOST:PORT  default 127.0.0.1:8430 (port 0 chooses one)
  --data DIR          default ~/.local/share/tocsin
  --webhook URL       also send notifications there
  --watch-process P   also watch a process by name (may be repeated)
  --json              where to look as one line of JSON: { url, agentPid, data, config, agentConfig, cmdb }

Examples:
  tocsin up
  tocsin up --data ./try --watch-process nginx
`;

/** By its whole path: it need not be on the PATH of whoever copies a line. */
const TOCSIN = fileURLToPath(new URL("../../bin/tocsin", import.meta.url));

/** As it is typed into a shell. */
const word = (text: string): string => (/^[\w./:@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

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
        json: { type: "boolean", default: false },
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
    return misuse(io, (error as Error).message, HELP);
  }
}

/** Writes the files of the quick start; what the user has changed since stays, and `kept` says which flags that leaves out. */
function prepare(flags: UpFlags): { config: string; agentConfig: string; cmdb: string; kept: string[] } {
  makeDataFolder(join(flags.data, "agent"));
  const kept: string[] = [];
  const write = (name: string, text: string, flag: string | null = null): string => {
    const path = join(flags.data, name);
    if (!existsSync(path)) writeFileSync(path, text);
    else if (flag !== null && readFileSync(path, "utf8") !== text)
      kept.push(`${path} is there already: ${flag} does not change it; write it there, or take another --data`);
    return path;
  };
  const cmdb = write("cmdb.json", `${JSON.stringify(hostCmdb(hostname()), null, 2)}\n`);
  const receivers =
    flags.webhook === undefined
      ? ""
      : `receivers:\n  hook: { webhook: { url: ${JSON.stringify(flags.webhook)} } }\nroutes:\n  - { receivers: [hook] }\nlimits: { allowPrivateTargets: ["127.0.0.0/8", "::1/128"] }\n`;
  const config = write(
    "tocsin.yaml",
    `# Written by tocsin up; change it as you like, it is not overwritten. docs/guide/configuration.md tells what is possible.\ncmdb: { files: [cmdb.json] }\n# Without \`rules\`, those of the pack linux-host, which Tocsin brings, hold.\n${receivers}`,
    flags.webhook === undefined ? null : "--webhook",
  );
  const processes =
    flags.watchProcess.length === 0
      ? ""
      : `watch: { processes: [${flags.watchProcess.map((name) => JSON.stringify(name)).join(", ")}] }\n`;
  const agentConfig = write(
    "agent.yaml",
    `# Written by tocsin up; the agent of this host.\nlogLevel: warn\nci: ${JSON.stringify(hostname())}\ndataDir: agent\n${processes}`,
    flags.watchProcess.length === 0 ? null : "--watch-process",
  );
  return { config, agentConfig, cmdb, kept };
}

function start(args: string[], stdout: "pipe" | "inherit"): ChildProcess {
  return spawn(TOCSIN, args, { stdio: ["ignore", stdout, "inherit"] });
}

/** Its exit code; null = a signal ended it. */
const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done(child.exitCode);
    else child.once("exit", (code) => done(code));
  });

/** The address that the collector prints once it takes requests; null when it ends before. */
function address(collector: ChildProcess): Promise<string | null> {
  return new Promise((done) => {
    let text = "";
    collector.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const found = /^(?:listening |\{"listening":")([^\s"]+)/m.exec(text);
      if (found !== null) done(found[1] ?? null);
    });
    collector.once("exit", () => done(null));
  });
}

function welcome(url: string, flags: UpFlags, agent: ChildProcess, io: CommandIo): string {
  const isTold = /^receivers:/m.test(readFileSync(join(flags.data, "tocsin.yaml"), "utf8"));
  const bold = (text: string): string => paint(text, "bold", io.isTerminal);
  const watched = flags.watchProcess[0];
  return [
    bold(`Tocsin is up at ${url}`),
    `  look        ${url}/                      what is open, and the agents`,
    `  metrics     ${url}/metrics/agents        this host, by node_exporter's names`,
    `  Prometheus  ${url}/sd/prometheus         HTTP service discovery`,
    `  incidents   ${word(TOCSIN)} incidents${url.endsWith(":8430") ? "" : ` --collector ${url}`}`,
    `  settings    ${flags.data}/tocsin.yaml, agent.yaml, cmdb.json`,
    ...(isTold
      ? []
      : [
          "  tell        nobody is told yet: add receivers and routes to tocsin.yaml, or take another --data with --webhook URL",
        ]),
    bold("Give it trouble, and undo it (Ctrl-C stops all)"),
    `  stop the agent              kill ${agent.pid}`,
    `  stop a watched process      ${watched === undefined ? "name one in agent.yaml: watch: { processes: [nginx] }, or with --watch-process" : `pkill -x ${watched}`}`,
    `  fill a file system          to more than 97 %, for half a minute`,
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
    return complain(io, EXIT.failed, { code: "cannotStart", message: (error as Error).message });
  }
  for (const message of files.kept) complain(io, EXIT.ok, { code: "kept", message });
  const collector = start(
    ["collector", "--config", files.config, "--listen", flags.listen, "--data", join(flags.data, "collector")].concat(
      io.wantsJson === true ? ["--json"] : [],
    ),
    "pipe",
  );
  const children = [collector];
  const stopAll = (): void => children.forEach((child) => child.kill("SIGTERM"));
  io.signal.addEventListener("abort", stopAll);
  const url = await address(collector);
  if (url === null) return (await ended(collector)) ?? EXIT.failed;
  const agent = start(["agent", "--config", files.agentConfig, "--collector", url], "inherit");
  children.push(agent);
  const { kept: _, ...paths } = files;
  if (io.wantsJson === true) io.stdout(`${JSON.stringify({ url, agentPid: agent.pid, data: flags.data, ...paths })}\n`);
  else io.stdout(welcome(url, flags, agent, io));
  void ended(agent).then((code) => {
    if (io.signal.aborted) return;
    // One that was stopped is the very thing to try; one that cannot run is a mistake to mend.
    if (code === null || code === EXIT.ok) complain(io, EXIT.ok, agentStopped(files.agentConfig, url));
    else collector.kill("SIGTERM");
  });
  const code = await ended(collector);
  const agentCode = agent.exitCode;
  if (!io.signal.aborted) {
    const who =
      agentCode === null || agentCode === EXIT.ok
        ? `collector ended with code ${code}`
        : `agent ended with code ${agentCode}`;
    complain(io, EXIT.failed, { code: "ended", message: `the ${who}; stopping` });
  }
  stopAll();
  await ended(agent);
  return io.signal.aborted ? EXIT.ok : Math.max(code ?? EXIT.failed, agentCode ?? EXIT.ok, EXIT.failed);
}

function agentStopped(config: string, url: string): Complaint {
  const undo = `${word(TOCSIN)} agent --config ${word(config)} --collector ${url}`;
  return {
    code: "agentStopped",
    message: `the agent was stopped; when it has not been heard for a while, an incident opens. To undo it:\n  ${undo}`,
  };
}
