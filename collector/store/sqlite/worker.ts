import { parentPort } from "node:worker_threads";
import { Checkpointer } from "./checkpointer.ts";
import type { EntityPage } from "./entity-page.ts";
import { EngineHost, type Request, type Response } from "./host.ts";
import { IdleHeap } from "./idle-heap.ts";

/**
 * The thread in which SQLite works: its syncs and its housekeeping then hold up no request of the collector.
 * Requests are answered one after the other, in order.
 */
const host = new EngineHost((...args) => new Checkpointer(...args));
parentPort?.on("message", (request: Request) => {
  const response = host.handle(request);
  parentPort?.postMessage(response, buffersOf(response));
});

IdleHeap.ofThisThread();

/** What changes hands rather than being copied: the buffer of a commit, and what a restart reads. */
function buffersOf(response: Response): ArrayBuffer[] {
  const { bytes, value } = response as { bytes?: ArrayBufferView; value?: unknown };
  return [bytes, ...partsOf(value)].flatMap((part) => (part?.buffer instanceof ArrayBuffer ? [part.buffer] : []));
}

function partsOf(value: unknown): readonly ArrayBufferView[] {
  if (Array.isArray(value)) return value.filter((part) => ArrayBuffer.isView(part));
  if (typeof value !== "object" || value === null || !("bodies" in value)) return [];
  const { bodies, lengths, touches } = value as EntityPage;
  return [bodies, lengths, touches];
}
