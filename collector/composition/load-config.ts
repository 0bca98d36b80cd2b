import { readFileSync } from "node:fs";
import { encodingFault } from "../config/document/encoding.ts";
import { parseConfig, type ParseOptions, type ParseResult } from "../config/parse.ts";
import { CONNECTOR_KINDS, refusalOfHost } from "./connectors.ts";

/** Reads `tocsin.yaml`, or takes every default where no file is named; the flags win over the file. */
export function loadConfig(file: string | undefined, overrides: NonNullable<ParseOptions["overrides"]>): ParseResult {
  const options: ParseOptions = {
    readFile: (path) => readFileSync(path, "utf8"),
    connectors: CONNECTOR_KINDS,
    overrides,
    refusalOfHost,
  };
  if (file === undefined) return parseConfig("", "(no --config)", options);
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    return {
      status: "invalid",
      findings: [
        {
          severity: "error",
          code: "CONFIG_FILE_UNREADABLE",
          file,
          line: 1,
          column: 1,
          message: `the file cannot be read: ${(error as Error).message}`,
          hint: "check the path and its permissions",
        },
      ],
    };
  }
  const fault = encodingFault(bytes, file, "CONFIG_SYNTAX");
  return fault === null ? parseConfig(bytes.toString("utf8"), file, options) : { status: "invalid", findings: [fault] };
}
