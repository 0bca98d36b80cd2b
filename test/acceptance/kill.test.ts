import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { type Launch, killAgainAndAgain, seeded } from "../support/kill-rig.ts";
import { TOCSIN, temporaryFolder } from "../support/tocsin-process.ts";

const SEED = Number(process.env.TOCSIN_SEED ?? Date.now() % 1_000_000);
const PROGRAM = new URL("../support/kill-program.ts", import.meta.url).pathname;

const collector =
  (folder: string): Launch =>
  (dataDir, receiverUrl) => {
    const config = join(folder, "tocsin.yaml");
    const { hostname } = new URL(receiverUrl);
    writeFileSync(
      config,
      [
        "correlation: { settle: { min: 0s, max: 1s } }",
        `receivers: { hook: { webhook: { url: "${receiverUrl}" } } }`,
        "routes: [{ receivers: [hook] }]",
        `limits: { allowPrivateTargets: ["${hostname}/32"] }`,
      ].join("\n"),
    );
    return { command: TOCSIN, args: ["collector", "--config", config, "--listen", "127.0.0.1:0", "--data", dataDir] };
  };

const program =
  (...args: string[]): Launch =>
  (dataDir, receiverUrl) => ({
    command: process.execPath,
    args: [PROGRAM, "--data", dataDir, "--receiver", receiverUrl, ...args],
  });

test("kill -9 at random moments under load, 20 times: nothing acknowledged is lost, nobody is told twice", async () => {
  const folder = temporaryFolder(onTestFinished);
  const dataDir = join(folder, "data");
  const verdict = await killAgainAndAgain({ launch: collector(folder), dataDir, kills: 20, random: seeded(SEED) });
  process.stderr.write(`kill test, seed ${SEED}: ${JSON.stringify(verdict)}\n`);
  expect(verdict).toMatchObject({ lost: [], doubled: [], missed: [], damage: [] });
  expect(verdict.acknowledged).toBeGreaterThan(1_000);
  expect(verdict.repeats).toBeLessThanOrEqual(verdict.kills * 4);
}, 240_000);

test("the same on the smallest program of runtime and store", async () => {
  const dataDir = join(temporaryFolder(onTestFinished), "data");
  const verdict = await killAgainAndAgain({ launch: program(), dataDir, kills: 5, random: seeded(SEED) });
  process.stderr.write(`kill test of the program, seed ${SEED}: ${JSON.stringify(verdict)}\n`);
  expect(verdict).toMatchObject({ lost: [], doubled: [], missed: [], damage: [] });
}, 120_000);

test("the test goes red when a program answers before its commit is durable", async () => {
  const dataDir = join(temporaryFolder(onTestFinished), "data");
  const verdict = await killAgainAndAgain({
    launch: program("--plant", "early"),
    dataDir,
    kills: 2,
    random: seeded(SEED),
  });
  expect(verdict.lost.length).toBeGreaterThan(0);
}, 60_000);

test("the test goes red when a repeat of a message gets a new key", async () => {
  const dataDir = join(temporaryFolder(onTestFinished), "data");
  const verdict = await killAgainAndAgain({
    launch: program("--plant", "rekey"),
    dataDir,
    kills: 3,
    random: seeded(SEED),
  });
  expect(verdict.doubled.length).toBeGreaterThan(0);
}, 120_000);
