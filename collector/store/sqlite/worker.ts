import { parentPort } from "node:worker_threads";
import type { EventIdMarks } from "../../core/model/event-id.ts";
import { Checkpointer } from "./checkpointer.ts";
import type { EntityPage } from "./entity-page.ts";
import { EngineHost, type Request, type Response } from "./host.ts";

/**
 * The thread in which SQLite works: its syncs and its housekeeping then hold up no request of the collector.
 * Requests are answered one after the other, in order.
 */
const host = new EngineHost((...args) => new Checkpointer(...args));
parentPort?.on("message", (request: Request) => {
  const response = host.handle(request);
  parentPort?.postMessage(response, buffersOf(response));
});

/** What changes hands rather than being copied. */
function buffersOf(response: Response): ArrayBuffer[] {
  const given = [response.bytes, ...("value" in response ? pageBuffers(response.value) : [])];
  return given.flatMap((bytes) => (bytes?.buffer instanceof ArrayBuffer ? [bytes.buffer] : []));
}

function pageBuffers(value: unknown): (Uint8Array | Int32Array | Float64Array | Uint32Array)[] {
  if (typeof value !== "object" || value === null) return [];
  if ("eventIds" in value) return [(value as { eventIds: EventIdMarks }).eventIds];
  if (!("entities" in value)) return [];
  const { bodies, lengths, touches } = (value as { entities: EntityPage }).entities;
  return [bodies, lengths, touches];
}
