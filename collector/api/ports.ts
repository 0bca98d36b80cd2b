import type { AgentDirectory } from "../port/agents.ts";
import type { CmdbService } from "../port/cmdb.ts";
import type { AgentDocuments, EnrolmentDesk } from "../port/enrolment.ts";
import type { IngestPorts } from "../port/ingest.ts";
import type { Progress, Readiness } from "../port/progress.ts";
import type { ChangeFeed } from "../port/query.ts";
import type { RunbookShelf } from "../port/runbooks.ts";
import type { WaitingMessage } from "../core/model/notification.ts";
import type { Matcher } from "../core/model/silence.ts";
import type { SeriesStore } from "../series/series-store.ts";

/** Everything the API speaks to. */
export interface ApiPorts extends IngestPorts {
  cmdb: CmdbService;
  agents: AgentDirectory;
  series: SeriesStore;
  changes: ChangeFeed;
  /** Resolves when everything acknowledged until now can be read; undefined = it can. */
  deposited: () => Promise<void> | undefined;
  /** What must move; `/healthz` is read from it. */
  progress: readonly Progress[];
  ready: Readiness;
  /** The collector's own metrics as text. */
  exposeOwn: (format: "text" | "openMetrics") => Promise<{ contentType: string; body: string }>;
  /** What agents fetch: rules and configuration, signed. */
  documents: AgentDocuments;
  enrolment: EnrolmentDesk;
  /** Random, for what people create: UUID. */
  newId: () => string;
  /** Of the rules as they are now. */
  runbooks: () => RunbookShelf;
  /** What has been decided about an incident and not come to its receivers. */
  waitingFor: (incident: string) => readonly WaitingMessage[];
  /** Why a silence with these matchers is refused (a bad expression, or it would mute everything); undefined when it is not. */
  silenceFault: (matchers: readonly Matcher[]) => string | undefined;
}
