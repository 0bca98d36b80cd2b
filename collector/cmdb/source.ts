import { createHash } from "node:crypto";
import type { Finding } from "../../protocol/finding.ts";
import type { CmdbDocument } from "../core/model/ci.ts";
import type { UnixMillis } from "../core/model/time.ts";
import { loadCmdb } from "./load.ts";
import type { CmdbReadResult } from "./read.ts";

/** A source as the service holds it. */
export interface LoadedSource {
  /** A file's path, or an import's name. */
  name: string;
  kind: "file" | "import";
  observed: boolean;
  document: CmdbDocument;
  loadedAt: UnixMillis;
  findings: readonly Finding[];
}

/** What its relations say about who says so. */
export const DECLARED = "cmdb";
/** The source that stands for all agents. */
export const OBSERVED = "observed";
/** The one that stands for what is gone at its source and still spoken of. */
export const RETIRED = "retired";

export const EMPTY_DOCUMENT: CmdbDocument = { vantage: [], cis: [], relations: [], maintenance: [] };

/** The key under which a file's last good text is kept. */
export const fileKey = (path: string): string => `file-${createHash("sha256").update(path).digest("hex").slice(0, 24)}`;
export const importKey = (name: string): string => `import-${name}`;

export function isSourceName(name: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,63}$/.test(name);
}

export interface ReadSource {
  file: string;
  /** null = read the file. */
  text: string | null;
  source: string;
  observedAt: UnixMillis | null;
  sizeMaxBytes: number;
}

/**
 * Reads a source. Where it names CIs that it does not declare itself, it is read again with those that others declare,
 * so that only what nobody declares is reported.
 */
export async function readSource(read: ReadSource, others: readonly LoadedSource[]): Promise<CmdbReadResult> {
  const { file, text, source, observedAt, sizeMaxBytes } = read;
  const options = { sizeMaxBytes, source, observedAt };
  const result = await loadCmdb({ file, text, options, elsewhere: [] });
  if (others.length === 0 || !result.findings.some(({ code }) => code === "CMDB_DANGLING")) return result;
  return loadCmdb({ file, text, options, elsewhere: namesOf(others) });
}

function namesOf(sources: readonly LoadedSource[]): string[] {
  const names = new Set<string>();
  for (const { document } of sources)
    for (const ci of document.cis) for (const name of [ci.id, ci.name, ...ci.aliases]) names.add(name.toLowerCase());
  return [...names];
}
