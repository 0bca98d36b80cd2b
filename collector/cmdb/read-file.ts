import { readFileSync } from "node:fs";
import { encodingFault } from "../config/document/encoding.ts";
import type { LoadRequest } from "./load-message.ts";
import { type CmdbReadResult, readCmdb } from "./read.ts";

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  EACCES: "may not be read by this user",
  EISDIR: "is a folder",
  ERR_STRING_TOO_LONG: "is larger than a text can be",
  ERR_FS_FILE_TOO_LARGE: "is too large",
};

/** Reads and checks in the thread that calls. A file that cannot be read is a finding like any other. */
export function readNow({ file, text, options, elsewhere }: LoadRequest): CmdbReadResult {
  let content: string | Buffer | null = text;
  try {
    content ??= readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const message = `the file ${REASONS[code] ?? `cannot be read (${code})`}`;
    return {
      status: "broken",
      findings: [{ severity: "error", code: "CMDB_FILE_UNREADABLE", file, line: 1, column: 1, message, hint: "" }],
    };
  }
  const fault = typeof content === "string" ? null : encodingFault(content, file, "CMDB_SYNTAX");
  if (fault !== null) return { status: "broken", findings: [fault] };
  return readCmdb(content, file, { ...options, elsewhere: new Set(elsewhere) });
}
