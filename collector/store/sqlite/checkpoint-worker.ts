import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { type Checkpointed, END } from "./checkpoint-message.ts";
import { classifyFailure } from "./failure.ts";

/** The thread of `Checkpointer`: a checkpoint waits for nobody and holds up nobody. */
const db = new DatabaseSync(workerData as string);
const checkpoint = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");

parentPort?.on("message", (message) => {
  if (message !== END) {
    parentPort?.postMessage(run());
    return;
  }
  db.close();
  parentPort?.close();
});

function run(): Checkpointed {
  try {
    const row = checkpoint.get();
    return { pages: Number(row?.log), done: Number(row?.checkpointed) };
  } catch (error) {
    return { failure: classifyFailure(error) };
  }
}
