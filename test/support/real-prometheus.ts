import { type ChildProcess, execFile, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { debianTool } from "./debian-tool.ts";
import { waitFor } from "./tocsin-process.ts";

const run = promisify(execFile);

export const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

/** A real Prometheus whose configuration and rules a test can change while it runs. */
export class RealPrometheus {
  readonly url: string;
  private readonly folder: string;
  private readonly child: ChildProcess;

  private constructor(folder: string, url: string, child: ChildProcess) {
    this.folder = folder;
    this.url = url;
    this.child = child;
  }

  /** @param config of Prometheus, in which SELF stands for its own address; rules stand in `rules.yml` beside it. */
  static async start(folder: string, config: string, rules: string): Promise<RealPrometheus> {
    const port = await freePort();
    writeFileSync(join(folder, "prometheus.yml"), config.replaceAll("SELF", `127.0.0.1:${port}`));
    writeFileSync(join(folder, "rules.yml"), rules);
    const child = spawn(
      debianTool("prometheus"),
      [
        `--config.file=${folder}/prometheus.yml`,
        `--storage.tsdb.path=${folder}/tsdb`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--rules.alert.resend-delay=2s",
      ],
      { stdio: "ignore" },
    );
    return new RealPrometheus(folder, `http://127.0.0.1:${port}`, child);
  }

  /** Other rules, from now on. */
  setRules(rules: string): void {
    writeFileSync(join(this.folder, "rules.yml"), rules);
    this.child.kill("SIGHUP");
  }

  /** The value of an expression, or undefined while it has none. */
  async value(expression: string): Promise<number | undefined> {
    const answer = await fetch(`${this.url}/api/v1/query?query=${encodeURIComponent(expression)}`).catch(
      () => undefined,
    );
    const body = (await answer?.json()) as { data?: { result: { value: [number, string] }[] } } | undefined;
    const text = body?.data?.result[0]?.value[1];
    return text === undefined ? undefined : Number(text);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => {
      this.child.once("exit", resolve);
    });
    if (this.child.exitCode === null && this.child.signalCode === null) {
      this.child.kill("SIGKILL");
      await ended;
    }
  }
}

/** Calls the real amtool against us. */
export async function amtool(url: string, ...args: string[]): Promise<string> {
  const { stdout } = await run(debianTool("amtool"), [`--alertmanager.url=${url}`, ...args]);
  return stdout;
}

/** Waits for a condition and says so when it does not come. */
export async function eventually<T>(
  what: string,
  read: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 30_000,
): Promise<T> {
  const found = await waitFor(read, timeoutMs, 200);
  if (found === undefined) throw new Error(`never: ${what}`);
  return found;
}
