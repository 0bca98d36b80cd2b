import type { Alert } from "../model/alert.ts";
import type { Note } from "../model/evidence.ts";
import type { Influence } from "../model/influence.ts";
import { severityRank } from "../model/severity.ts";
import { SymptomReader, type Symptom } from "../model/symptom.ts";
import type { Topology } from "../model/topology.ts";

/** Ports whose neighbour is known; the map starts anew beyond. */
const PORTS_MAX = 50_000;

/** Reads an alert as evidence: which CI, what kind of trouble, who could have caused it. */
export class NoteReader {
  private readonly symptoms = new SymptomReader();
  /** By device and port: the neighbour that some alert on it has named. One trap names it, the next does not. */
  private readonly ports = new Map<string, string>();

  read(alert: Readonly<Alert>, topology: Topology, influence: Influence): Note {
    const ci = topology.register(alert.ci);
    const symptom = this.symptomOf(alert);
    const named = this.neighbourOf(alert, ci, topology);
    return {
      alert,
      episode: alert.episode,
      ci,
      system: influence.systems.of(topology.id(ci)),
      symptom,
      rank: severityRank(alert.severity),
      onset: alert.firstSeenAt,
      causes: named === null ? influence.causes(ci, symptom) : influence.causesNaming(ci, symptom, named),
      home: alert.incident,
      resolvedAt: null,
      background: null,
    };
  }

  /** The CI that this alert, or an earlier one on the same port, names. */
  private neighbourOf(alert: Readonly<Alert>, ci: number, topology: Topology): number | null {
    const named = namedCi(alert, ci, topology);
    if (alert.instance === "") return named;
    const port = `${topology.id(ci)} ${alert.instance}`;
    if (named !== null) {
      if (this.ports.size >= PORTS_MAX) this.ports.clear();
      this.ports.set(port, topology.id(named));
      return named;
    }
    const known = this.ports.get(port);
    return known === undefined ? null : (topology.find(known) ?? null);
  }

  /** A mild "gone" is a bad line, a mild "down" a slow answer: the tool still hears something. */
  symptomOf(alert: Readonly<Alert>): Symptom {
    const symptom = this.symptoms.read(alert.check, alert.summary);
    if (alert.severity !== "warning") return symptom;
    if (symptom === "gone") return "lossy";
    return symptom === "down" ? "slow" : symptom;
  }
}

/** A CI other than its own that an alert names: as its instance, or in its text ("linkDown Gi0/4 (to hv-3)"). */
function namedCi(alert: Readonly<Alert>, ci: number, topology: Topology): number | null {
  if (alert.instance !== "") {
    const found = topology.find(alert.instance);
    if (found !== undefined && found !== ci) return found;
  }
  for (const word of alert.summary.split(/[\s,;:()[\]"'=]+/)) {
    if (word.length < 4 || !/[\d-]/.test(word)) continue;
    const found = topology.find(word.replace(/[.]$/, ""));
    if (found !== undefined && found !== ci) return found;
  }
  return null;
}
