import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { checkDatabase } from "../../collector/store/sqlite/database.ts";
import { createSqliteStore } from "../../collector/store/sqlite/store.ts";
import { debianTool } from "../support/debian-tool.ts";
import { forgottenOf } from "../support/store-commit.ts";
import { temporaryFolder, waitFor } from "../support/tocsin-process.ts";

/**
 * Errors of the disk, injected into the system calls of a real process by strace: after a sync that failed nothing may be
 * acknowledged any more, and the process ends by itself with what was acknowledged in the file.
 */
const PROGRAM = new URL("../support/kill-program.ts", import.meta.url).pathname;
async function provoke(
  inject: string,
): Promise<{ acknowledged: string[]; exit: number | null; said: string; lost: string[] }> {
  const dataDir = join(temporaryFolder(onTestFinished), "data");
  mkdirSync(dataDir);
  const child = spawn(
    debianTool("strace"),
    [
      "-f",
      "-qq",
      "-o",
      "/dev/null",
      "-e",
      `inject=${inject}`,
      process.execPath,
      PROGRAM,
      "--data",
      dataDir,
      "--receiver",
      "http://127.0.0.1:9/",
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
  });
  // strace leaves what it traces behind when it is killed.
  const pidFile = join(dataDir, "collector.pid");
  onTestFinished(() => {
    if (child.exitCode !== null) return;
    if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
    child.kill("SIGKILL");
  });
  const url = await waitFor(() => /^listening (\S+)$/m.exec(said)?.[1], 60_000);
  if (url === undefined) throw new Error(`it never listened: ${said}`);
  const acknowledged: string[] = [];
  for (let number = 0; child.exitCode === null && number < 2_000; number += 1) {
    const id = `e${number}`;
    const status = await fetch(`${url}/api/v1/events`, {
      method: "POST",
      body: JSON.stringify([{ id, ci: `host-${number % 9}`, instance: id }]),
    }).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 202) acknowledged.push(id);
    else break;
  }
  const exit = await Promise.race([ended, waitFor(() => undefined, 5_000).then(() => -1)]);
  const store = createSqliteStore({ dataDir, thread: "caller" });
  const snapshot = await store.open({ eventIdsMax: 100_000 });
  const lost = await forgottenOf(
    snapshot,
    acknowledged.map((id) => `test\n${id}`),
  );
  await store.close();
  expect(checkDatabase(dataDir)).toEqual([]);
  return { acknowledged, exit, said, lost };
}

test.each([
  { situation: "an early sync fails", inject: "fsync,fdatasync:error=EIO:when=16" },
  { situation: "a later sync fails", inject: "fsync,fdatasync:error=EIO:when=60" },
  { situation: "every sync from one on fails", inject: "fsync,fdatasync:error=EIO:when=30+" },
])(
  "$situation: no acknowledgement after it, an end with a reason, nothing acknowledged lost",
  async ({ inject }) => {
    const { acknowledged, exit, said, lost } = await provoke(inject);
    expect(exit).toBe(1);
    expect(said).toMatch(/disk I\/O error/);
    expect(acknowledged.length).toBeGreaterThan(0);
    expect(lost).toEqual([]);
  },
  120_000,
);
