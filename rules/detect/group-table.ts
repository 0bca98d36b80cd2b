import { Baseline, BaselineMemory } from "./baseline.ts";
import type { CompiledRule } from "./compile.ts";
import { Group } from "./group.ts";
import type { Slot } from "./slot.ts";

/** What a CI's series of one rule share. */
interface Place {
  groups: Map<string, Group>;
  /** Series with none of the instance labels: they count for every group of the CI, as memory counts for every process. */
  shared: Slot[][];
}

/** The groups of all rules: by rule, CI and instance. */
export class GroupTable {
  readonly #places = new Map<CompiledRule, Map<string, Place>>();
  readonly #baselines = new BaselineMemory();
  size = 0;

  /** Puts a new series into its group, which is made where it is missing; null = shared by all groups. */
  place(
    compiled: CompiledRule,
    ci: string,
    labels: Readonly<Record<string, string>>,
    entry: { input: number; slot: Slot },
  ): { group: Group | null; isNew: boolean } {
    const place = this.#place(compiled, ci);
    const names = compiled.rule.instance;
    const { input, slot } = entry;
    if (names.length > 0 && compiled.inputs.length > 1 && !names.some((name) => Object.hasOwn(labels, name))) {
      (place.shared[input] as Slot[]).push(slot);
      return { group: null, isNew: false };
    }
    const instance = names.map((name) => (Object.hasOwn(labels, name) ? labels[name] : "")).join(",");
    const known = place.groups.get(instance);
    const group = known ?? this.#newGroup(compiled, { ci, instance, labels }, place);
    // The first own series of an input takes the place of the shared ones.
    if (group.inputs[input] === place.shared[input]) group.inputs[input] = [];
    (group.inputs[input] as Slot[]).push(slot);
    return { group, isNew: known === undefined };
  }

  #newGroup(
    compiled: CompiledRule,
    { ci, instance, labels }: { ci: string; instance: string; labels: Readonly<Record<string, string>> },
    place: Place,
  ): Group {
    const { rule } = compiled;
    const own = rule.instance.flatMap((name) => (Object.hasOwn(labels, name) ? [[name, labels[name] as string]] : []));
    const baseline = compiled.hasBaseline ? new Baseline(this.#baselines) : null;
    const key = { ci, instance, labels: Object.freeze({ ...Object.fromEntries(own), ...rule.labels }) };
    const group = new Group(compiled, key, baseline);
    place.shared.forEach((slots, input) => {
      group.inputs[input] = slots;
    });
    place.groups.set(instance, group);
    this.size += 1;
    return group;
  }

  #place(compiled: CompiledRule, ci: string): Place {
    let byCi = this.#places.get(compiled);
    if (byCi === undefined) {
      byCi = new Map();
      this.#places.set(compiled, byCi);
    }
    let place = byCi.get(ci);
    if (place === undefined) {
      place = { groups: new Map(), shared: compiled.inputs.map(() => []) };
      byCi.set(ci, place);
    }
    return place;
  }

  /** Takes a forgotten series out; a group without own series goes with it. */
  remove(group: Group, slot: Slot): void {
    const place = this.#places.get(group.compiled)?.get(group.ci);
    if (place === undefined) return;
    let left = 0;
    group.inputs.forEach((slots, input) => {
      if (slots === place.shared[input]) return;
      const position = slots.indexOf(slot);
      if (position !== -1) {
        slots.splice(position, 1);
        if (!slot.isStale) group.expected -= 1;
      }
      left += slots.length;
    });
    if (left > 0 || place.groups.get(group.instance) !== group) return;
    place.groups.delete(group.instance);
    this.size -= 1;
    group.baseline?.release(this.#baselines);
    if (place.groups.size === 0) this.#places.get(group.compiled)?.delete(group.ci);
  }

  isGone(group: Group): boolean {
    return this.#places.get(group.compiled)?.get(group.ci)?.groups.get(group.instance) !== group;
  }
}
