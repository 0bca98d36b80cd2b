import { isAbsolute, join } from "node:path";
import { parseDuration } from "../../protocol/duration.ts";
import { type Decoded, type Decoding, nameOf, report, shownValue } from "./decoding.ts";
import type { DataPath } from "./document/problem.ts";
import type { ConfigCode } from "./error-codes.ts";
import { expectationOf, type SchemaNode } from "./schema-node.ts";
import {
  type FormResult,
  parseCidr,
  parseHostPort,
  parseMatcherText,
  parseSize,
  parseTime,
  parseTimeZone,
  parseUrl,
} from "./text-form.ts";

/** Reads a text by the `form` of its schema. */
export function decodeFormText(node: SchemaNode, text: string, path: DataPath, decoding: Decoding): Decoded {
  switch (node.form) {
    case "duration":
      return decodeMeasure(node, text, path, { decoding, parse: parseDuration, code: "CONFIG_BAD_DURATION" });
    case "size":
      return decodeMeasure(node, text, path, { decoding, parse: parseSize, code: "CONFIG_BAD_SIZE" });
    case "path":
      if (text === "") return report(decoding, "CONFIG_OUT_OF_RANGE", path, `${nameOf(path)} is empty`);
      return isAbsolute(text) ? text : join(decoding.folder, text);
    case "url":
      return taken(parseUrl(text, node.protocols ?? ["http:", "https:"]), "CONFIG_BAD_VALUE", path, decoding);
    case "hostPort":
      return taken(parseHostPort(text), "CONFIG_BAD_VALUE", path, decoding);
    case "cidr":
      return taken(parseCidr(text), "CONFIG_BAD_VALUE", path, decoding);
    case "timeZone":
      return taken(parseTimeZone(text), "CONFIG_BAD_VALUE", path, decoding);
    case "time":
      return taken(parseTime(text), "CONFIG_BAD_VALUE", path, decoding);
    case "matcher":
      return taken(parseMatcherText(text), "CONFIG_BAD_MATCHER", path, decoding);
    default:
      return text;
  }
}

/** The value that a text was read as, or the report of why not. */
export function taken<T>(result: FormResult<T>, code: ConfigCode, path: DataPath, decoding: Decoding): Decoded<T> {
  if ("value" in result) return result.value;
  return report(decoding, code, path, `${nameOf(path)} ${result.problem}`, { hint: result.hint });
}

function decodeMeasure(
  node: SchemaNode,
  text: string,
  path: DataPath,
  how: { decoding: Decoding; parse: (text: string) => number | null; code: ConfigCode },
): Decoded {
  const value = how.parse(text);
  if (value === null) {
    const message = `${nameOf(path)} takes ${expectationOf(node)}, not ${shownValue(text, path)}`;
    return report(how.decoding, how.code, path, message);
  }
  const least = node.least === undefined ? null : how.parse(node.least);
  const most = node.most === undefined ? null : how.parse(node.most);
  if ((least === null || value >= least) && (most === null || value <= most)) return value;
  const bound = least !== null && value < least ? `at least ${node.least}` : `at most ${node.most}`;
  return report(how.decoding, "CONFIG_OUT_OF_RANGE", path, `${nameOf(path)} is ${text}, it takes ${bound}`);
}
