import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { json, startCollector, temporaryFolder } from "../support/tocsin-process.ts";

/** New alerts are answered before the core has seen them; the answer is a promise all the same. */

const BODIES = 30;
const ALERTS_A_BODY = 100;

const body = (from: number): object[] =>
  Array.from({ length: ALERTS_A_BODY }, (_, index) => ({
    labels: { alertname: "DiskFull", instance: `host-${from + index}:9100`, severity: "critical" },
    annotations: { summary: `The disk of host-${from + index} is full` },
  }));

/** On a busy machine the core may have read all of a burst before the last answer is read here: then the next one shows it. */
const ROUNDS_MAX = 5;

test("a burst of new alerts, and kill -9 with the last answer: the next process has every alert", async () => {
  let waited = 0;
  for (let round = 0; round < ROUNDS_MAX && waited === 0; round += 1) waited = await killAfterBurst();
  expect(waited).toBeGreaterThan(0);
}, 120_000);

/** @returns how many bodies waited for the core when it was killed */
async function killAfterBurst(): Promise<number> {
  const folder = temporaryFolder((clean) => onTestFinished(clean));
  const files = { "tocsin.yaml": "correlation: { settle: { min: 1s, max: 2s } }\n" };
  const first = await startCollector(folder, files);
  onTestFinished(() => void first.process.stop("SIGKILL"));
  const posted = await Promise.all(
    Array.from({ length: BODIES }, (_, index) => json(`${first.url}/api/v2/alerts`, body(index * ALERTS_A_BODY))),
  );
  const killed = first.process.stop("SIGKILL");
  expect(posted.map(({ status }) => status)).toEqual(posted.map(() => 200));
  await killed;
  const waiting = depositsIn(join(folder, "data"));
  process.stderr.write(`burst kill: ${waiting} of ${BODIES} bodies waited for the core\n`);

  const second = await startCollector(folder, files);
  onTestFinished(() => void second.process.stop("SIGKILL"));
  const { body: alerts } = await json<{ labels: { instance: string } }[]>(`${second.url}/api/v2/alerts`);
  expect(new Set(alerts.map(({ labels }) => labels.instance)).size).toBe(BODIES * ALERTS_A_BODY);
  expect(alerts).toHaveLength(BODIES * ALERTS_A_BODY);
  expect(await second.process.stop()).toBe(0);
  expect(depositsIn(join(folder, "data"))).toBe(0);
  return waiting;
}

function depositsIn(dataDir: string): number {
  const db = new DatabaseSync(join(dataDir, "tocsin.sqlite"));
  try {
    return Number(db.prepare("SELECT count(*) AS count FROM deposit").get()?.["count"]);
  } finally {
    db.close();
  }
}
