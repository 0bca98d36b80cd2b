import { readFileSync } from "node:fs";
import { ForeignApi, ForeignFault, type ReadProgress } from "../cmdb/import/foreign-api.ts";
import { encodingFault } from "../config/document/encoding.ts";
import type { ClientCall } from "./client-command.ts";

/** The command line of one import, and what it gives. */
export interface ImportCall {
  flags: ClientCall["flags"];
  files: readonly string[];
  signal: AbortSignal;
  onProgress?: (progress: Readonly<ReadProgress>) => void;
}

/** The command line lacks something, or says too much. */
export class UsageFault extends Error {}

/** The flags of all sources together. */
export const IMPORT_OPTIONS = {
  source: { type: "string" },
  observed: { type: "boolean" },
  "dry-run": { type: "boolean" },
  "remove-many": { type: "boolean" },
  out: { type: "string" },
  url: { type: "string" },
  username: { type: "string" },
  "secret-file": { type: "string" },
  "app-token-file": { type: "string" },
  table: { type: "string" },
  query: { type: "string" },
  dataset: { type: "string" },
  cluster: { type: "string" },
  state: { type: "string" },
  "full-every": { type: "string" },
} as const;

/** An empty one counts as not given. */
export function flagText({ flags }: ImportCall, name: keyof typeof IMPORT_OPTIONS): string | undefined {
  const value = flags[name];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The same; without it the command line lacks something. */
export function needed(call: ImportCall, name: keyof typeof IMPORT_OPTIONS): string {
  const value = flagText(call, name);
  if (value === undefined) throw new UsageFault(`--${name} is needed`);
  return value;
}

const shown = (path: string): string => (path === "-" ? "standard input" : path);

/** Without its byte order mark. What is no UTF-8 is refused: read all the same it would be an empty CMDB, or one of other names. */
export function fileText(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path === "-" ? 0 : path);
  } catch (error) {
    throw new ForeignFault(`${shown(path)} cannot be read: ${(error as Error).message}`);
  }
  const fault = encodingFault(bytes, shown(path), "");
  if (fault !== null) throw new ForeignFault(`${fault.file}:${fault.line}: ${fault.message}; ${fault.hint}`);
  return bytes.toString("utf8").replace(/^\ufeff/, "");
}

/** What is no JSON is refused, like a file that cannot be read. */
export function fileJson(path: string): unknown {
  try {
    return JSON.parse(fileText(path)) as unknown;
  } catch (error) {
    if (error instanceof ForeignFault) throw error;
    throw new ForeignFault(`${shown(path)} is not JSON: ${(error as Error).message}`);
  }
}

/** The password, key or token of the source. */
export const secret = (call: ImportCall): string => fileText(needed(call, "secret-file")).trim();
/** HTTP Basic, as a header. */
export const basic = (user: string, password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`,
});

/** The API that `--url` names. */
export function api(call: ImportCall, headers: Readonly<Record<string, string>>): ForeignApi {
  const { signal, onProgress } = call;
  return new ForeignApi({
    base: needed(call, "url"),
    headers,
    signal,
    ...(onProgress === undefined ? {} : { onProgress }),
  });
}

/** The only file; - is standard input. */
export function oneFile({ files }: ImportCall): string {
  const [file, ...more] = files;
  if (file === undefined || more.length > 0) throw new UsageFault("name one file, or - for standard input");
  return file;
}
