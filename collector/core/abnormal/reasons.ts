import type { Suffering } from "../model/metric-evidence.ts";
import type { Topology } from "../model/topology.ts";
import type { Part } from "./blame.ts";
import type { Profile } from "./profile.ts";

export interface Circumstances {
  parts: readonly Part[];
  symptom: number;
  kind: Suffering;
  topology: Topology;
}

/** Named in one reason. */
const NAMED = 3;
const FOLLOWS = 0.7;
const DEEPER_TOLD = 0.1;

/** Why this CI, in plain words, strongest first. */
export function reasonsFor(part: Part, { parts, symptom, kind, topology }: Circumstances): string[] {
  const name = topology.id(part.ci);
  const reported = topology.id(symptom);
  const reasons = [whatIsUnusual(name, part.profile)];
  if (part.ci === symptom) {
    if (part.deeperShare < DEEPER_TOLD) reasons.push("nothing that it needs is unusual at the same time");
  } else if (part.cover > 0) {
    const what = kind === "slow" ? "the time that its calls take longer" : "the calls that fail there";
    reasons.push(`${reported} needs it and follows: this could be ${percent(part.cover)} of ${what}`);
  } else reasons.push(`${reported} needs it and suffers at the same time, in another way`);
  const callers = topology
    .neededBy(part.ci)
    .filter((edge) => edge.ci !== symptom)
    .map((edge) => parts.find(({ ci }) => ci === edge.ci))
    .filter((caller) => caller !== undefined && caller.together >= FOLLOWS && caller.explains > 0)
    .map((caller) => topology.id(caller?.ci ?? 0));
  if (callers.length > 0) {
    reasons.push(`${callers.slice(0, NAMED).join(", ")}, which ${callers.length > 1 ? "need" : "needs"} it, too`);
  }
  if (part.deeper !== null && part.deeperShare >= DEEPER_TOLD) {
    reasons.push(
      `against it: ${topology.id(part.deeper)}, which it needs, explains ${percent(part.deeperShare)} of that`,
    );
  }
  if (part.together < FOLLOWS)
    reasons.push("against it: it is unusual at other times too, not only together with the symptom");
  return reasons;
}

function whatIsUnusual(name: string, { meaning, usual, worst }: Profile): string {
  if (meaning.reading === "seconds") {
    const times = usual > 0 ? worst / usual : 0;
    const grown =
      times >= 1.15 ? `${times < 10 ? times.toFixed(1) : Math.round(times)} times its usual` : "above its usual";
    return `${meaning.title} of ${name} is ${grown} (${duration(worst)}, usually ${duration(usual)})`;
  }
  if (meaning.reading === "errorCount")
    return `${round(worst)} calls of ${name} fail at a time, usually ${round(usual)}`;
  return `${percent(worst)} of the calls of ${name} fail, usually ${percent(usual)}`;
}

function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 9.95 ? value.toFixed(1) : Math.round(value)} %`;
}

function duration(seconds: number): string {
  if (seconds >= 1) return `${round(seconds)} s`;
  return seconds >= 1e-3 ? `${round(seconds * 1e3)} ms` : `${round(seconds * 1e6)} µs`;
}

function round(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
}
