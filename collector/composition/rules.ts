import { fileURLToPath } from "node:url";
import type { Finding } from "../../protocol/finding.ts";
import { createDetector } from "../../rules/detect/create-detector.ts";
import type { Detector } from "../../rules/detect/detector.ts";
import { createEventFilter, type EventFilter } from "../../rules/detect/event-filter.ts";
import type { RunbookShelf } from "../port/runbooks.ts";
import { loadPacks } from "./load-packs.ts";
import { loadRunbooks } from "./runbooks.ts";

/** The packs of the configuration: evaluated here for foreign samples, and handed to the agents as data. */
export interface LoadedRules {
  /** A new one; its state begins empty. */
  detector: Detector | null;
  /** What to do with events of other systems; null where no rule is about events. */
  eventFilter: EventFilter | null;
  /** The rules for agents: a JSON list. */
  agentRules: string;
  runbooks: RunbookShelf;
  findings: Finding[];
}

/** The pack every collector has when its configuration names none: what people expect of host monitoring. */
export const DEFAULT_PACKS: readonly string[] = [
  fileURLToPath(new URL("../../rules/packs/linux-host", import.meta.url)),
];

/** @param packs folders of packs; none named means the default ones. */
export async function loadRules(packs: readonly string[]): Promise<LoadedRules> {
  const { packs: loaded, rules, findings } = await loadPacks(packs.length === 0 ? DEFAULT_PACKS : packs);
  return {
    detector: rules.length === 0 ? null : createDetector(rules),
    eventFilter: rules.some((rule) => rule.kind === "event") ? createEventFilter(rules) : null,
    agentRules: JSON.stringify(rules),
    runbooks: await loadRunbooks(loaded),
    findings,
  };
}
