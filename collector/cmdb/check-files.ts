import { type Finding, sortFindings } from "../../protocol/finding.ts";
import { type Ambiguity, mergeSources } from "./merge.ts";
import type { CmdbReadResult } from "./read.ts";
import { DECLARED, type LoadedSource, readSource } from "./source.ts";

const SIZE_MAX_BYTES = 400 * 1024 * 1024;

export interface CheckedFile {
  file: string;
  /** null where it has errors. */
  source: LoadedSource | null;
  findings: Finding[];
}

/** Checks CMDB files as the collector would read them together: what one of them declares does not dangle in another. */
export async function checkCmdbFiles(files: readonly string[]): Promise<CheckedFile[]> {
  const alone = await readAll(files, []);
  const sources = alone.flatMap(({ source }) => source ?? []);
  const checked = sources.length < 2 ? alone : await readAll(files, sources);
  const parts = checked.flatMap(({ source }) => source ?? []);
  const { contradictions, ambiguities } = mergeSources(parts);
  const disagreements = [...contradictions.map(contradiction), ...ambiguities.map(ambiguity)];
  return checked.map(({ file, source, findings }) => ({
    file,
    source,
    findings: sortFindings([...findings, ...disagreements.filter((finding) => finding.file === file)]),
  }));
}

async function readAll(files: readonly string[], known: readonly LoadedSource[]): Promise<CheckedFile[]> {
  const checked: CheckedFile[] = [];
  for (const file of files) {
    const others = known.filter(({ name }) => name !== file);
    const read = { file, text: null, source: DECLARED, observedAt: null, sizeMaxBytes: SIZE_MAX_BYTES };
    checked.push(checkedFile(file, await readSource(read, others)));
  }
  return checked;
}

function checkedFile(file: string, result: CmdbReadResult): CheckedFile {
  const { findings } = result;
  if (result.status === "broken") return { file, source: null, findings };
  const source = {
    name: file,
    kind: "file",
    observed: false,
    document: result.document,
    loadedAt: 0,
    findings,
  } as const;
  return { file, source, findings };
}

function ambiguity({ name, ci, from, owner }: Ambiguity): Finding {
  return {
    severity: "warning",
    code: "CMDB_AMBIGUOUS_NAME",
    file: from,
    line: 1,
    column: 1,
    message: `"${name}" already means "${owner}" in another file`,
    hint: `it will not find ${ci}`,
  };
}

function contradiction(found: ReturnType<typeof mergeSources>["contradictions"][number]): Finding {
  const { ci, field, kept, keptFrom, refused, refusedFrom } = found;
  return {
    severity: "warning",
    code: "CMDB_CONTRADICTION",
    file: refusedFrom,
    line: 1,
    column: 1,
    message: `${ci} has ${field} ${refused} here and ${kept} in ${keptFrom}, which holds`,
    hint: "",
  };
}
