import type { Unit } from "../model/evidence.ts";
import { faultCi } from "../model/influence.ts";
import type { Symptom } from "../model/symptom.ts";
import type { Topology } from "../model/topology.ts";
import type { Verdict } from "./verdict.ts";

const SAYS: Record<Symptom, string> = {
  gone: "does not answer or is silent",
  down: "does not run",
  errors: "answers with errors",
  slow: "is slow",
  load: "is overloaded",
  backlog: "has work piling up",
  resource: "runs out of disk or memory",
  link: "reports a line down",
  lossy: "has a bad line",
  member: "reports members out",
  clock: "has a wrong clock",
  environment: "reports power or temperature",
  certificate: "has a bad certificate",
  other: "alarms",
};

/** On these "down" is told of a program: of the machine itself it would be "gone". */
const MACHINES: ReadonlySet<string> = new Set(["host", "vm", "hypervisor"]);

function troubleOf(symptom: Symptom, name: string, type: string): string {
  return symptom === "down" && MACHINES.has(type)
    ? `a program on ${name} does not run`
    : `${name} itself ${SAYS[symptom]}`;
}

/** Why this CI could be the root, in plain words, strongest first. */
export function reasonsFor(verdict: Verdict, units: readonly Unit[], topology: Topology): string[] {
  const name = topology.id(verdict.root);
  const reasons: string[] = [];
  const own = units.find((unit) => unit.ci === verdict.root);
  const others = verdict.explained.filter((unit) => unit.ci !== verdict.root);
  const { expected, failing } = verdict.dependents;
  if (expected > 0 && failing > 0) {
    const what = verdict.dead ? "went silent or failed" : failing === 1 ? "alarms" : "alarm";
    // Of one that is dead, those behind it count too.
    const directly = verdict.dead ? "" : "directly ";
    const who =
      expected === 1 ? `the only CI that ${directly}needs` : `${failing} of ${expected} CIs that ${directly}need`;
    reasons.push(`${who} ${name} ${what}${within(others)}`);
  }
  if (own !== undefined) {
    const first = own.notes[0];
    if (first !== undefined) {
      const trouble = troubleOf(first.symptom, name, topology.ci(verdict.root).type);
      reasons.push(`${trouble}: ${first.alert.summary || first.alert.check}`);
    }
  } else if (verdict.silent) reasons.push(`${name} itself sends nothing; it is inferred from those that need it`);
  if (verdict.through !== null)
    reasons.push(`through ${topology.id(faultCi(verdict.through))}, which needs it and sends nothing itself`);
  if (others.length > 0 && verdict.explained.length < verdict.units) {
    reasons.push(`it explains ${verdict.explained.length} of ${verdict.units} CIs in this incident`);
  } else if (others.length > 0 && verdict.units > 1)
    reasons.push(`it explains all ${verdict.units} CIs in this incident`);
  const before = others.filter((unit) =>
    topology.needs(unit.ci).some((edge) => edge.ci === verdict.root && edge.source === "learned"),
  );
  if (before.length > 0) {
    const names = before.slice(0, 3).map((unit) => topology.id(unit.ci));
    reasons.push(`${names.join(", ")} failed with ${name} before, though the CMDB does not relate them`);
  }
  const quiet = expected - failing;
  if (quiet > 0 && verdict.dependents.cost > 1)
    reasons.push(
      `against it: ${quiet === 1 ? "1 CI that needs" : `${quiet} CIs that need`} ${name} ${quiet === 1 ? "is" : "are"} quiet`,
    );
  // The list that grew has room for sixteen more, and incidents keep it.
  return reasons.slice();
}

function within(units: readonly Unit[]): string {
  if (units.length < 2) return "";
  const onsets = units.map((unit) => unit.onset);
  const seconds = Math.round((Math.max(...onsets) - Math.min(...onsets)) / 1000);
  return seconds <= 120 ? ` within ${Math.max(1, seconds)} s` : ` within ${Math.round(seconds / 60)} min`;
}
