import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The checkout's own command, as a user calls it. */
export const TOCSIN = new URL("../../bin/tocsin", import.meta.url).pathname;

/** A folder that is removed when the test ends. */
export function temporaryFolder(onEnd: (clean: () => void) => void): string {
  const path = mkdtempSync(join(tmpdir(), "tocsin-test-"));
  onEnd(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** A running `bin/tocsin …`: its output so far, and how it ended. */
export class TocsinProcess {
  readonly child: ChildProcess;
  stdout = "";
  stderr = "";
  readonly ended: Promise<number | null>;

  constructor(args: string[], options: { env?: Record<string, string>; cwd?: string } = {}) {
    this.child = spawn(TOCSIN, args, {
      cwd: options.cwd,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child.stdout?.on("data", (chunk: Buffer) => (this.stdout += chunk.toString()));
    this.child.stderr?.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()));
    this.ended = new Promise((resolve) => {
      this.child.once("close", (code) => resolve(code));
    });
  }

  /** Waits until its standard output matches; fails with all it said when it ends before or is too slow. */
  async says(pattern: RegExp, timeoutMs = 30_000): Promise<RegExpExecArray> {
    const found = await waitFor(
      () =>
        pattern.exec(this.stdout) ??
        (this.child.exitCode === null && this.child.signalCode === null ? undefined : null),
      timeoutMs,
    );
    if (found === undefined || found === null)
      throw new Error(
        `never said ${String(pattern)}; exit ${this.child.exitCode}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`,
      );
    return found;
  }

  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill(signal);
    return this.ended;
  }
}

/** Polls until `read` gives something other than undefined; gives undefined when time is up. */
export async function waitFor<T>(
  read: () => T | undefined | Promise<T | undefined>,
  timeoutMs = 30_000,
  everyMs = 50,
): Promise<T | undefined> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const value = await read();
    if (value !== undefined) return value;
    if (performance.now() > end) return undefined;
    await new Promise((resolve) => {
      setTimeout(resolve, everyMs);
    });
  }
}

/** A collector on a free loopback port, with what it needs in `folder`. */
export async function startCollector(
  folder: string,
  files: Readonly<Record<string, string>>,
  options: { env?: Record<string, string>; args?: string[] } = {},
): Promise<{ process: TocsinProcess; url: string }> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const config = files["tocsin.yaml"] === undefined ? [] : ["--config", join(folder, "tocsin.yaml")];
  const process = new TocsinProcess(
    ["collector", ...config, "--listen", "127.0.0.1:0", "--data", join(folder, "data"), ...(options.args ?? [])],
    options.env === undefined ? {} : { env: options.env },
  );
  const [, url = ""] = await process.says(/^listening (http:\/\/\S+)$/m);
  return { process, url };
}

/** GET or POST of JSON, with the status. */
export async function json<T = unknown>(
  url: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: T }> {
  const response = await fetch(
    url,
    body === undefined
      ? { headers }
      : { method: "POST", headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) },
  );
  const text = await response.text();
  return { status: response.status, body: (text === "" ? null : JSON.parse(text)) as T };
}
