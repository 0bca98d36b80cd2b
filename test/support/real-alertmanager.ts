import { type ChildProcess, spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { debianTool } from "./debian-tool.ts";
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
  static async start(folder: string, config: string): Promise<RealAlertmanager> {
    const port = await freePort();
    const file = join(folder, "alertmanager.yml");
    writeFileSync(file, config);
    const child = spawn(
      debianTool("prometheus-alertmanager"),
      [
        `--config.file=${file}`,
        `--storage.path=${join(folder, "alertmanager")}`,
        `--web.listen-address=127.0.0.1:${port}`,
        "--cluster.listen-address=",
        "--log.level=error",
      ],
      { stdio: "ignore" },
    );
    const url = `http://127.0.0.1:${port}`;
    const isReady = await waitFor(async () => {
      const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
      return answer?.ok === true ? true : undefined;
    });
    if (isReady === undefined) throw new Error(`Alertmanager never became ready; exit ${child.exitCode}`);
    return new RealAlertmanager(url, child);
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
