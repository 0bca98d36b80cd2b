import { stat } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { DocumentBuilder, type LoadMessage, type LoadRequest } from "./load-message.ts";
import { readNow } from "./read-file.ts";
import type { CmdbReadResult } from "./read.ts";

/** Smaller ones are read at once: a thread takes longer to start than they to read. */
const INLINE_MAX_BYTES = 256 * 1024;

/**
 * Reads and checks a CMDB without holding up the thread that calls: a large one is parsed in a thread of its own, whose
 * memory goes back to the system with it.
 */
export async function loadCmdb(request: LoadRequest): Promise<CmdbReadResult> {
  const sizeBytes = request.text?.length ?? (await stat(request.file).catch(() => undefined))?.size ?? 0;
  return sizeBytes <= INLINE_MAX_BYTES ? readNow(request) : loadInThread(request);
}

function loadInThread(request: LoadRequest): Promise<CmdbReadResult> {
  const worker = new Worker(new URL("./load-thread.ts", import.meta.url), {
    workerData: request,
    resourceLimits: { maxYoungGenerationSizeMb: 8 },
  });
  const builder = new DocumentBuilder(request.options.source);
  return new Promise<CmdbReadResult>((resolve) => {
    const broken = (message: string, code = "CMDB_TOO_LARGE"): void =>
      resolve({
        status: "broken",
        findings: [{ severity: "error", code, file: request.file, line: 1, column: 1, message, hint: "split it" }],
      });
    worker.on("message", (message: LoadMessage) => {
      const result = take(message, builder);
      if (result === undefined) worker.postMessage("next");
      else resolve(result);
    });
    worker.on("error", (error) =>
      broken(`it could not be read: ${error instanceof Error ? error.message : String(error)}`),
    );
    worker.on("exit", () => broken("reading it ended before its end"));
    worker.postMessage("next");
  }).finally(() => void worker.terminate());
}

function take(message: LoadMessage, builder: DocumentBuilder): CmdbReadResult | undefined {
  switch (message.type) {
    case "cis":
      builder.addCis(message.cis);
      return undefined;
    case "relations":
      builder.addRelations(message.relations);
      return undefined;
    case "broken":
      return { status: "broken", findings: message.findings };
    default:
      return {
        status: "read",
        document: builder.document(message.vantage, message.maintenance),
        findings: message.findings,
      };
  }
}
