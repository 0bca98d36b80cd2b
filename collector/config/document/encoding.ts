import { isUtf8 } from "node:buffer";
import type { Finding } from "../../../protocol/finding.ts";

/** What is wrong with a file that is not UTF-8, at the first character that is not; null where it is. A name in another encoding would be read as another name. */
export function encodingFault(bytes: Buffer, file: string, code: string): Finding | null {
  if (isUtf8(bytes)) return null;
  const before = bytes.toString("utf8").split("\uFFFD", 1)[0] ?? "";
  const lines = before.split("\n");
  const column = (lines.at(-1) ?? "").length + 1;
  const isUtf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const message = isUtf16 ? "the file is UTF-16, not UTF-8" : "here the file is not UTF-8";
  return { severity: "error", code, file, line: lines.length, column, message, hint: "save it as UTF-8" };
}
