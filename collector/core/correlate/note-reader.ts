import type { Alert } from "../model/alert.ts";
import type { Note } from "../model/evidence.ts";
import type { CiId } from "../model/ci.ts";
import { firstNamed } from "./first-named.ts";
import type { NoteFacts } from "./noted.ts";
import { StoredList, type StoredPiece } from "../model/stored-list.ts";
import type { Influence } from "../model/influence.ts";
import { stemOf } from "../model/kinship.ts";
import { SERIOUS_RANK, severityRank } from "../model/severity.ts";
import { SymptomReader, type Symptom } from "../model/symptom.ts";
import type { Topology } from "../model/topology.ts";

/** Ports found to lead somewhere, each as often as elsewhere; beyond, it starts anew. */
const PORTS_MAX = 50_000;
/** That a port was found to lead there. */
type Port = [device: CiId, port: string, neighbour: CiId];

/** Devices with a port of the same name that are looked through for a twin. */
const TWINS_MAX = 16;

/** Reads an alert as evidence: which CI, what kind of trouble, who could have caused it. */
export class NoteReader {
  private readonly symptoms = new SymptomReader();
  /** By device and port: the neighbour that some alert on it has named. One trap names it, the next does not. */
  private readonly ports = new Map<string, string>();
  /** The devices of `ports` by the port's name and their own series. */
  private readonly byPort = new Map<string, Set<string>>();
  private learned: number | null = null;
  /** All of it in the order in which it was learned. */
  private log: Port[] = [];
  private readonly stored = new StoredList<Port>("ports");

  read(alert: Readonly<Alert>, topology: Topology, influence: Influence): Note {
    this.learned = null;
    const ci = topology.register(alert.ci);
    const symptom = this.symptomOf(alert, topology.ci(ci).type);
    const named = this.neighbourOf(alert, ci, topology);
    return {
      alert,
      episode: alert.episode,
      ci,
      system: influence.systems.of(topology.id(ci)),
      symptom,
      rank: severityRank(alert.severity),
      seriousSince: severityRank(alert.severity) >= SERIOUS_RANK ? alert.firstSeenAt : null,
      onset: alert.firstSeenAt,
      causes: named === null ? influence.causes(ci, symptom) : influence.causesNaming(ci, symptom, named),
      home: alert.incident,
      resolvedAt: null,
      background: null,
      order: 0,
      graph: 0,
      named: named === null ? null : topology.id(named),
      keepUntil: null,
      // Given from the beginning: all notes look the same to the engine, and are read that much faster.
      unit: null,
      gathered: 0,
      suspected: 0,
    };
  }

  /** The note of which these facts are known, by the graph as it is. */
  readAgain(alert: Readonly<Alert>, facts: NoteFacts, topology: Topology, influence: Influence): Note {
    const { order, graph, symptom, rank, home, onset, seriousSince, named, background, resolvedAt, keepUntil } = facts;
    const ci = topology.register(alert.ci);
    const other = named === null ? undefined : topology.find(named);
    return {
      alert,
      episode: alert.episode,
      ci,
      system: influence.systems.of(topology.id(ci)),
      symptom,
      rank,
      seriousSince,
      onset,
      causes: other === undefined ? influence.causes(ci, symptom) : influence.causesNaming(ci, symptom, other),
      home,
      resolvedAt,
      background,
      order,
      graph,
      named,
      keepUntil,
      unit: null,
      gathered: 0,
      suspected: 0,
    };
  }

  /** Which ports lead where, as far as that is not stored. */
  takeChanged(): readonly StoredPiece[] {
    return this.stored.takeChanged(this.log);
  }

  /** Takes over what `takeChanged` once gave. */
  restore(records: Iterable<StoredPiece>): void {
    this.ports.clear();
    this.byPort.clear();
    this.log = this.stored.restore(records);
    for (const port of this.log) this.enter(port);
  }

  /** The neighbour of a port that became known by what was read last: what was read of it before can be read better. */
  takeLearned(): number | null {
    const { learned } = this;
    this.learned = null;
    return learned;
  }

  /** The CI that this alert, or an earlier one on the same port of it or of its twin, names. */
  private neighbourOf(alert: Readonly<Alert>, ci: number, topology: Topology): number | null {
    const named = namedCi(alert, ci, topology);
    if (alert.instance === "") return named;
    if (named !== null) {
      if (this.remember(topology.id(ci), alert.instance, topology.id(named))) this.learned = named;
      return named;
    }
    const known = this.ports.get(portKey(topology.id(ci), alert.instance));
    if (known !== undefined) return topology.find(known) ?? null;
    return this.twinPort(alert.instance, ci, topology);
  }

  private remember(device: string, port: string, neighbour: string): boolean {
    const key = portKey(device, port);
    if (this.ports.get(key) === neighbour) return false;
    if (this.log.length >= PORTS_MAX) {
      this.ports.clear();
      this.byPort.clear();
      this.log = [];
    }
    const learned: Port = [device, port, neighbour];
    this.log.push(learned);
    this.enter(learned);
    return true;
  }

  private enter([device, port, neighbour]: Port): void {
    this.ports.set(portKey(device, port), neighbour);
    const series = portKey(stemOf(device), port);
    const devices = this.byPort.get(series);
    if (devices === undefined) this.byPort.set(series, new Set([device]));
    else if (devices.size < TWINS_MAX) devices.add(device);
  }

  /** Redundant devices are wired alike: the same port of the twin leads to a neighbour that both have. */
  private twinPort(port: string, ci: number, topology: Topology): number | null {
    if (this.byPort.size === 0) return null;
    const twins = this.byPort.get(portKey(stemOf(topology.id(ci)), port));
    if (twins === undefined) return null;
    for (const device of twins) {
      const neighbour = topology.find(this.ports.get(portKey(device, port)) ?? "");
      if (neighbour !== undefined && areLinked(neighbour, ci, topology)) return neighbour;
    }
    return null;
  }

  /** A mild "gone" is a bad line, a mild "down" a slow answer: the tool still hears something. */
  symptomOf(alert: Readonly<Alert>, type: string): Symptom {
    const symptom = this.symptoms.read(alert.check, alert.summary);
    // A circuit tells nothing of itself: that it is down is seen from its ends.
    if (symptom === "link" && type === "wanLink") return "down";
    if (alert.severity !== "warning") return symptom;
    if (symptom === "gone") return "lossy";
    return symptom === "down" ? "slow" : symptom;
  }
}

function portKey(device: string, port: string): string {
  return `${device} ${port}`;
}

function areLinked(a: number, b: number, topology: Topology): boolean {
  const isLine = (edge: { ci: number; type: string }, to: number): boolean =>
    edge.type === "connectsTo" && edge.ci === to;
  return topology.needs(a).some((edge) => isLine(edge, b)) || topology.needs(b).some((edge) => isLine(edge, a));
}

/** A CI other than its own that an alert names: as its instance, or in its text ("linkDown Gi0/4 (to hv-3)"). */
function namedCi(alert: Readonly<Alert>, ci: number, topology: Topology): number | null {
  if (alert.instance !== "") {
    const found = topology.find(alert.instance);
    if (found !== undefined && found !== ci) return found;
  }
  return firstNamed(alert.summary, (word) => {
    const found = topology.find(word);
    return found === ci ? undefined : found;
  });
}
