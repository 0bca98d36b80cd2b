import { parentPort } from "node:worker_threads";
import { Checkpointer } from "./checkpointer.ts";
import { EngineHost, type Request } from "./host.ts";

/**
 * The thread in which SQLite works: its syncs and its housekeeping then hold up no request of the collector.
 * Requests are answered one after the other, in order.
 */
const host = new EngineHost((...args) => new Checkpointer(...args));
parentPort?.on("message", (request: Request) => {
  const response = host.handle(request);
  const buffer = response.bytes?.buffer;
  parentPort?.postMessage(response, buffer instanceof ArrayBuffer ? [buffer] : []);
});
