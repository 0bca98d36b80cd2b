import { basename } from "node:path";
import { parseDocument } from "yaml";

/** What a file can be for `tocsin check`. */
export const FILE_KINDS = ["config", "agent", "cmdb", "pack", "pack-test"] as const;
export type FileKind = (typeof FILE_KINDS)[number];

/** Keys at the top by which a file shows what it is; one that several kinds have shows nothing. */
const KEYS: Readonly<Record<Exclude<FileKind, "pack-test">, readonly string[]>> = {
  config: [
    "listen",
    "externalUrl",
    "redis",
    "auth",
    "cmdb",
    "correlation",
    "inhibitions",
    "alertmanager",
    "receivers",
    "routes",
    "timeIntervals",
    "teams",
    "schedules",
    "escalations",
    "retention",
    "limits",
  ],
  agent: [
    "collector",
    "token",
    "tokenFile",
    "caFile",
    "ci",
    "interval",
    "timeout",
    "logLevel",
    "retry",
    "spool",
    "sample",
    "expose",
    "watch",
    "changes",
  ],
  cmdb: ["vantage", "cis", "relations"],
  pack: ["name", "version", "description"],
};

/** Enough to see the keys at the top; a CMDB of a hundred megabytes is not read for that. */
const LOOKED_AT = 65_536;

/** Keys at the top of JSON or YAML, as far as the beginning of the text shows them. */
function topKeys(text: string): string[] {
  const start = text.slice(0, LOOKED_AT);
  if (/^\s*\{/.test(start)) return topJsonKeys(start);
  const whole = start.length < text.length ? start.slice(0, start.lastIndexOf("\n") + 1) : start;
  const root = parseDocument(whole, { logLevel: "silent" }).toJSON() as unknown;
  if (root !== null && typeof root === "object" && !Array.isArray(root)) return Object.keys(root);
  return [...whole.matchAll(/^(\w+):/gm)].map((match) => match[1] ?? "");
}

/** The keys of the outermost object, of JSON that may be cut off anywhere. */
function topJsonKeys(text: string): string[] {
  const keys: string[] = [];
  let depth = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"(?:\s*:)?|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
    else if (depth === 1 && token.endsWith(":")) keys.push(token.slice(1, token.lastIndexOf('"')));
  }
  return keys;
}

/** What a file most probably is: by its name where that says it, else by its keys; null where nothing does. */
export function fileKindOf(file: string, text: string): FileKind | null {
  const name = basename(file).toLowerCase();
  if (/\.test\.ya?ml$/.test(name)) return "pack-test";
  if (name === "pack.yaml" || name === "pack.yml") return "pack";
  let keys: string[];
  try {
    keys = topKeys(text);
  } catch {
    // What is wrong with the text is told by the reader of the kind that is chosen here.
    keys = [...text.slice(0, LOOKED_AT).matchAll(/^"?(\w+)"?\s*:/gm)].map((match) => match[1] ?? "");
  }
  // Many a file has a name and a version; a pack has rules, too.
  const score = (kind: keyof typeof KEYS): number =>
    kind === "pack" && !keys.includes("rules") ? 0 : keys.filter((key) => KEYS[kind].includes(key)).length;
  const kinds = ["config", "cmdb", "agent", "pack"] as const;
  const best = kinds.reduce((winner, kind) => (score(kind) > score(winner) ? kind : winner));
  if (score(best) > 0) return best;
  if (name.includes("cmdb")) return "cmdb";
  if (name.includes("agent")) return "agent";
  return /^(tocsin|config)/.test(name) ? "config" : null;
}
