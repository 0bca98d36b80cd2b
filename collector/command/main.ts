import { EXIT, misuse, type CommandIo } from "./command-io.ts";

/** One command: what it is for, how it is called, and where it lives; loaded only when it is called. */
interface CommandEntry {
  summary: string;
  load: () => Promise<{ run: (args: string[], io: CommandIo) => Promise<number> }>;
}

const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  up: { summary: "collector, agent of this host and page, in one go: the quick start", load: () => import("./up.ts") },
  collector: { summary: "run the collector", load: () => import("../main.ts") },
  agent: { summary: "run the agent of this host", load: () => import("./agent.ts") },
  check: { summary: "validate configuration, rules and CMDB files", load: () => import("./check.ts") },
  incidents: { summary: "list incidents, or show one", load: () => import("./incidents.ts") },
  alerts: { summary: "list alerts", load: () => import("./alerts.ts") },
  ack: { summary: "acknowledge an incident", load: () => import("./acknowledge.ts") },
  resolve: { summary: "resolve an incident", load: () => import("./resolve.ts") },
  silence: { summary: "add, list and expire silences", load: () => import("./silence.ts") },
  why: { summary: "why was I paged, or not: the ledger, told for a person", load: () => import("./why.ts") },
  cmdb: { summary: "import, export and show the CMDB", load: () => import("./cmdb.ts") },
  enrol: { summary: "let an agent in: a token for it, good once; list and revoke", load: () => import("./enrol.ts") },
  drill: { summary: "a fire drill from event to receiver, closed by itself", load: () => import("./drill.ts") },
  replay: { summary: "run recorded events through the core in virtual time", load: () => import("./replay.ts") },
  rules: { summary: "`rules test`: run the packs' own tests", load: () => import("./rules-test.ts") },
  backtest: { summary: "what a rule or the baseline would have done on history", load: () => import("./backtest.ts") },
  import: { summary: "turn another tool's configuration into ours", load: () => import("./import.ts") },
};

function help(): string {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length));
  const lines = Object.entries(COMMANDS).map(([name, entry]) => `  ${name.padEnd(width)}  ${entry.summary}`);
  return [
    "Tocsin rings once for each fault.",
    "",
    "Usage: tocsin <command> [options]",
    "",
    ...lines,
    "",
    "Examples:",
    "  tocsin up                             try it on this host",
    "  tocsin check tocsin.yaml cmdb.yaml    before you start the collector",
    "  tocsin incidents                      what is open now",
    "  tocsin why 42                         why was I paged for incident 42",
    "",
    "`tocsin <command> --help` tells more. Exit codes: 0 done, 1 something is wrong, 2 wrong usage, 3 collector not reached, or it refuses the token.",
    "",
  ].join("\n");
}

/** The command that begins as the misspelt one does, for a friendly refusal. */
function nearest(name: string): string | undefined {
  const sharedStart = (other: string): number => {
    let length = 0;
    while (length < name.length && name[length] === other[length]) length += 1;
    return length;
  };
  const best = Object.keys(COMMANDS).sort((a, b) => sharedStart(b) - sharedStart(a))[0];
  return best !== undefined && sharedStart(best) >= 2 ? best : undefined;
}

async function dispatch(args: string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === "help" || name === "--help" || name === "-h") {
    if (rest[0] !== undefined && COMMANDS[rest[0]] !== undefined) return dispatch([rest[0], "--help"], io);
    io.stdout(help());
    return name === undefined ? EXIT.usage : EXIT.ok;
  }
  if (name === "--version" || name === "version") {
    const { version } = await import("./version.ts");
    const { node } = process.versions;
    io.stdout(io.wantsJson === true ? `${JSON.stringify({ version, node })}\n` : `tocsin ${version} (node ${node})\n`);
    return EXIT.ok;
  }
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (entry === undefined) {
    const guess = nearest(name);
    const help = guess === undefined ? "." : `; did you mean "${guess}"?`;
    return misuse(io, `there is no command "${name}"${help} See tocsin --help`);
  }
  const { run } = await entry.load();
  return run(rest, io);
}

const isPainted = ({ isTTY }: NodeJS.WriteStream): boolean => isTTY && process.env["NO_COLOR"] === undefined;
const aborted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => aborted.abort(signal));
/** A reader that has gone away (`| head`) ends the command quietly. */
process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 0 : EXIT.failed));

process.exitCode = await dispatch(process.argv.slice(2), {
  stdout: (text) => void process.stdout.write(text),
  stderr: (text) => void process.stderr.write(text),
  env: process.env,
  wantsJson: process.argv.includes("--json"),
  isTerminal: isPainted(process.stdout),
  isErrorTerminal: isPainted(process.stderr),
  signal: aborted.signal,
});
