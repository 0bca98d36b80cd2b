import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";
import { classifyFailure, type Failure } from "./failure.ts";

/** An error would lose its result code on the way to the other thread. */
export type Checkpointed = { pages: number; done: number } | { failure: Failure };

/** The thread of `Checkpointer`: each message asks for one checkpoint, which waits for nobody and holds up nobody. */
const db = new DatabaseSync(workerData as string);
const checkpoint = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");

parentPort?.on("message", () => {
  parentPort?.postMessage(run());
});

function run(): Checkpointed {
  try {
    const row = checkpoint.get();
    return { pages: Number(row?.log), done: Number(row?.checkpointed) };
  } catch (error) {
    return { failure: classifyFailure(error) };
  }
}
