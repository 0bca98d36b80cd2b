import { parentPort, workerData } from "node:worker_threads";
import { type LoadMessage, loadMessages, type LoadRequest } from "./load-message.ts";
import { readNow } from "./read-file.ts";

/** Entry of the loading thread: reads one CMDB and hands it over piece by piece. */
function messages(request: LoadRequest): Iterator<LoadMessage> {
  const result = readNow(request);
  if (result.status === "broken") return [{ type: "broken" as const, findings: result.findings }].values();
  return loadMessages(result.document, result.findings);
}

const pieces = messages(workerData as LoadRequest);
parentPort?.on("message", () => {
  const next = pieces.next();
  if (next.done === true) parentPort?.close();
  else parentPort?.postMessage(next.value);
});
