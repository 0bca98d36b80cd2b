import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { debianTool } from "../support/debian-tool.ts";
import { RecordingCollector } from "../support/recording-collector.ts";
import { temporaryFolder, waitFor } from "../support/tocsin-process.ts";

/**
 * The bundle as it ships, under strace, at one round a second: after it has settled it starts no process and no thread any more,
 * while it samples, watches, evaluates, stores and sends.
 */
const root = new URL("../..", import.meta.url).pathname;
const SETTLE_ROUNDS = 8;
const WATCHED_ROUNDS = 12;
const STARTS = /\b(?:clone|clone3|fork|vfork|execve|execveat)\(/;

interface Call {
  atMs: number;
  text: string;
}

/** Lines of `strace -f -ttt`: `PID SECONDS.MICROS call(…) = result`. */
function callsOf(path: string): Call[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      const match = /^\d+\s+(\d+\.\d+) (.*)$/.exec(line);
      return match === null ? [] : [{ atMs: Number(match[1]) * 1000, text: match[2] ?? "" }];
    });
}

test("the settled agent starts no process and no thread on its hot path", async () => {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  execFileSync(process.execPath, ["deploy/package/bundle-agent.ts"], { cwd: root });
  const collector = await RecordingCollector.start();
  onTestFinished(() => collector.stop());
  collector.reply = ({ method }) => ({ status: method === "GET" ? 404 : 200 });
  mkdirSync(join(folder, "data"));
  writeFileSync(join(folder, "app.log"), "begin\n");
  writeFileSync(
    join(folder, "agent.yaml"),
    `collector: ${collector.url}
dataDir: data
interval: 1s
watch:
  processes: [node, no-such-program]
  ports: [${collector.port}]
  logs: [{ path: app.log, pattern: "ERROR.*disk" }]
`,
  );
  const trace = join(folder, "trace");
  const agent = spawn(
    debianTool("strace"),
    ["-f", "-ttt", "-qq", "-e", "trace=process", "-o", trace, process.execPath].concat(
      join(root, "dist/agent.cjs"),
      "--config",
      join(folder, "agent.yaml"),
    ),
    { stdio: "ignore" },
  );
  const ended = new Promise((done) => {
    agent.once("exit", done);
  });
  const rounds = (): number => collector.received.filter(({ path }) => path === "/v1/metrics").length;
  const reached = async (count: number): Promise<void> => {
    if ((await waitFor(() => (rounds() >= count ? true : undefined), 60_000)) === undefined)
      throw new Error(`only ${rounds()} rounds came`);
  };
  await reached(SETTLE_ROUNDS);
  const fromMs = Date.now();
  writeFileSync(join(folder, "app.log"), "begin\nERROR on disk sda\n");
  await reached(SETTLE_ROUNDS + WATCHED_ROUNDS);
  const toMs = Date.now();
  const calls = callsOf(trace);
  // strace hands a signal on to what it traces; the agent ends by itself then.
  const [agentPid = 0] = readFileSync(trace, "utf8").split(" ").map(Number);
  process.kill(agentPid, "SIGTERM");
  await ended;

  expect(
    calls.some(({ text }) => text.startsWith("execve(")),
    "strace saw nothing",
  ).toBe(true);
  const begun = calls.filter(({ atMs, text }) => atMs >= fromMs && atMs <= toMs && STARTS.test(text));
  expect(begun.map(({ text }) => text)).toEqual([]);
  // What it told of meanwhile, so that the path that was watched is the whole one.
  expect(collector.received.some(({ path, body }) => path.endsWith("/events") && body.includes("log_match"))).toBe(
    true,
  );
  expect(collector.received.some(({ path, body }) => path.endsWith("/events") && body.includes("process_down"))).toBe(
    true,
  );
  // In its whole life too, it ran no other program: once by us, once by itself.
  const programs = calls.filter(({ text }) => text.startsWith("execve(") && text.endsWith("= 0"));
  expect(programs.every(({ text }) => text.includes(process.execPath))).toBe(true);
}, 120_000);
