import type { AlertId } from "../../core/model/identity.ts";
import type { AlertMemory, Traits } from "./alert-memory.ts";

/** What an alert looked like. */
export interface Origin {
  /** 32-bit integers. */
  hashA: number;
  hashB: number;
  /** As it stands in the bytes; undefined = it is not there. */
  endsAt: string | undefined;
}

/** What is kept of each alert. */
const NUMBERS = 3;
const [NOTHING, SOMETHING, CRITICAL, LOOSE] = [0, 1, 2, 4] as const;

/** What is to be learned of new alerts when it is known which ones they are: a few numbers each, as they may wait. */
export class Lessons {
  private readonly numbers: number[] = [];

  /** @param origin undefined = nothing is to be learned. */
  add(origin: Origin | undefined, { isCritical, isLoose }: Readonly<Traits>): void {
    const known = SOMETHING | (isCritical ? CRITICAL : 0) | (isLoose ? LOOSE : 0);
    const kind = origin === undefined ? NOTHING : known;
    this.numbers.push(kind, origin?.hashA ?? 0, origin?.hashB ?? 0);
  }

  /**
   * @param index of the alert among the new ones.
   * @param taken the alert, and where the core has it.
   */
  teach(index: number, { alert, place }: { alert: AlertId; place: number }, memory: AlertMemory): void {
    const at = NUMBERS * index;
    const [kind = NOTHING, hashA = 0, hashB = 0] = [this.numbers[at], this.numbers[at + 1], this.numbers[at + 2]];
    if (kind === NOTHING) return;
    const traits = { isCritical: (kind & CRITICAL) !== 0, isLoose: (kind & LOOSE) !== 0 };
    memory.remember(alert, place, hashA, hashB, traits);
  }
}
