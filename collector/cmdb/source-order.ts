import type { CmdbDocument, MaintenanceWindow } from "../core/model/ci.ts";
import type { Log } from "../port/telemetry.ts";
import { mergeSources } from "./merge.ts";
import { EMPTY_DOCUMENT, type LoadedSource, OBSERVED, RETIRED } from "./source.ts";

/** Of one kind. */
const LOGGED_MAX = 20;

/** All that the CMDB is made of. */
export interface Sources {
  /** In the order of their precedence. */
  files: readonly LoadedSource[];
  imports: readonly LoadedSource[];
  /** What agents see. */
  observed: CmdbDocument;
  /** Windows of `tocsin.yaml`. */
  maintenance: readonly MaintenanceWindow[];
  retired: CmdbDocument;
}

/** One document of all: files before imports, what people declare before what machines saw, what is gone last. Logs where they disagree. */
export function mergeInOrder({ files, imports, observed, maintenance, retired }: Sources, log: Log): CmdbDocument {
  const { document, contradictions, ambiguities } = mergeSources([
    ...files,
    ...imports.filter((source) => !source.observed),
    ...imports.filter((source) => source.observed),
    { name: OBSERVED, document: observed },
    { name: "tocsin.yaml", document: { ...EMPTY_DOCUMENT, maintenance: [...maintenance] } },
    { name: RETIRED, document: retired },
  ]);
  for (const contradiction of contradictions.slice(0, LOGGED_MAX))
    log.warn("sources of the CMDB disagree", { code: "CMDB_CONTRADICTION", ...contradiction });
  // What machines see is full of addresses that many hosts have; what people wrote into a file should be clear.
  for (const ambiguity of ambiguities
    .filter(({ from }) => files.some(({ name }) => name === from))
    .slice(0, LOGGED_MAX))
    log.warn("a name in the CMDB means two configuration items", { code: "CMDB_AMBIGUOUS_NAME", ...ambiguity });
  return document;
}
