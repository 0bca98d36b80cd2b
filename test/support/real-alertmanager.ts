import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianFolder, debianTool } from "./debian-tool.ts";
import { freePort } from "./real-prometheus.ts";
import { waitFor } from "./tocsin-process.ts";

/** Debian's Alertmanager, to ask it what it would have answered. */
export class RealAlertmanager {
  readonly url: string;
  private readonly child: ChildProcess;

  private constructor(url: string, child: ChildProcess) {
    this.url = url;
    this.child = child;
  }

  /** @param config of Alertmanager, as YAML. */
  static async start(
    folder: string,
    config: string,
    env: Readonly<Record<string, string>> = {},
  ): Promise<RealAlertmanager> {
    const port = await freePort();
    const file = join(folder, "alertmanager.yml");
    writeFileSync(file, config);
    const program = debianTool("prometheus-alertmanager");
    const child = spawn(
      program,
      [
        `--config.file=${file}`,
        `--storage.path=${join(folder, "alertmanager")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--cluster.listen-address=",
        "--log.level=error",
      ],
      { stdio: ["ignore", "ignore", "pipe"], cwd: debianFolder(program), env: { ...process.env, ...env } },
    );
    let said = "";
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    const url = `http://127.0.0.1:${port}`;
    const isReady = await waitFor(async () => {
      if (child.exitCode !== null) return false;
      const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
      return answer?.ok === true ? true : undefined;
    });
    if (isReady !== true) {
      child.kill("SIGKILL");
      throw new Error(`Alertmanager never became ready; exit ${child.exitCode}\n${said}`);
    }
    return new RealAlertmanager(url, child);
  }

  get pid(): number {
    return this.child.pid ?? 0;
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => {
      this.child.once("exit", resolve);
    });
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGKILL");
    await ended;
  }
}
