import type { Measures } from "./abnormal/measures.ts";
import type { ChangeLog } from "./deduplicate/change-log.ts";
import type { DeduplicateState } from "./deduplicate/deduplicate.ts";
import type { Heartbeats } from "./deduplicate/heartbeat.ts";
import type { IncidentState } from "./incident/state.ts";
import type { CmdbDocument } from "./model/ci.ts";
import type { CorrelationView, Correlator, Placement } from "./model/correlation.ts";
import type { UnixMillis } from "./model/time.ts";
import type { StoredList } from "./model/stored-list.ts";
import type { Growth } from "./model/topology.ts";
import type { Mutes } from "./notify/mutes.ts";
import type { NotifyState } from "./notify/state.ts";

/** Everything the core knows. It belongs to `step`, which changes it in place; others only read. */
export interface CoreState extends DeduplicateState, IncidentState, NotifyState {
  /** Of the last input; inputs never go back. */
  at: UnixMillis;
  /** As it was given last; CIs that only events have named are in `topology`. */
  cmdb: CmdbDocument;
  readonly correlator: Correlator;
  readonly view: CorrelationView;
  /** Metric series as evidence; in memory only, so that a restart begins to learn anew. */
  readonly measures: Measures;
  readonly changes: ChangeLog;
  readonly heartbeats: Heartbeats;
  readonly mutes: Mutes;
  /** What the graph has gained since it was made of the CMDB, as it is stored. */
  readonly graphLog: StoredList<Growth>;
  /** What correlation has decided and is not done yet, the next one last. */
  undone: Placement[];
  /** How many of these are stored; see `keepUndone`. */
  undoneStored: number;
  /** Records of it that an older program has written and that are to go. */
  undoneBefore: readonly string[];
  /** When correlation wants to be asked though no event comes; null = never. */
  reviewAt: UnixMillis | null;
}
