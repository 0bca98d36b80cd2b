import { Baseline, BaselineMemory } from "./baseline.ts";
import type { CompiledRule } from "./compile.ts";
import { Group } from "./group.ts";
import type { Slot } from "./slot.ts";

type Labels = Readonly<Record<string, string>>;

/** A series that lacks instance labels: it counts for every group that has the same values of those it does have. */
interface SharedSeries {
  input: number;
  slot: Slot;
  labels: Labels;
}

/** What one rule has on one CI. */
interface Place {
  groups: Map<string, Group>;
  shared: SharedSeries[];
}

/** The groups of all rules: by rule, CI and instance. */
export class GroupTable {
  readonly #places = new Map<CompiledRule, Map<string, Place>>();
  readonly #baselines = new BaselineMemory();
  size = 0;

  /** Puts a new series into its group, which is made where it is missing; null = shared by several groups. */
  place(
    compiled: CompiledRule,
    ci: string,
    labels: Labels,
    entry: { input: number; slot: Slot },
  ): { group: Group | null; isNew: boolean } {
    const place = this.#place(compiled, ci);
    const names = compiled.rule.instance;
    const { input, slot } = entry;
    if (isShared(compiled, labels, input)) {
      slot.isShared = true;
      place.shared.push({ input, slot, labels: ownLabels(names, labels) });
      for (const group of place.groups.values()) attachShared(group, place.shared.slice(-1));
      return { group: null, isNew: false };
    }
    const instance = names.map((name) => (Object.hasOwn(labels, name) ? labels[name] : "")).join(",");
    const known = place.groups.get(instance);
    const group = known ?? this.#newGroup(compiled, { ci, instance, labels }, place);
    // An own series takes the place of shared ones.
    const slots = (group.inputs[input] as Slot[]).filter((other) => !other.isShared);
    slots.push(slot);
    group.inputs[input] = slots;
    return { group, isNew: known === undefined };
  }

  #newGroup(
    compiled: CompiledRule,
    { ci, instance, labels }: { ci: string; instance: string; labels: Labels },
    place: Place,
  ): Group {
    const { rule } = compiled;
    const baseline = compiled.hasBaseline ? new Baseline(this.#baselines) : null;
    const own = ownLabels(rule.instance, labels);
    const group = new Group(compiled, { ci, instance, labels: Object.freeze({ ...own, ...rule.labels }) }, baseline);
    attachShared(group, place.shared);
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
      place = { groups: new Map(), shared: [] };
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
      if (slots.includes(slot)) {
        group.inputs[input] = slots.filter((other) => other !== slot);
        if (!slot.isStale) group.expected -= 1;
      }
      left += (group.inputs[input] as Slot[]).filter((other) => !other.isShared).length;
    });
    if (left > 0) attachShared(group, place.shared);
    else if (place.groups.get(group.instance) === group) this.#removeGroup(group, place);
  }

  #removeGroup(group: Group, place: Place): void {
    place.groups.delete(group.instance);
    this.size -= 1;
    group.baseline?.release(this.#baselines);
    if (place.groups.size === 0 && place.shared.length === 0) this.#places.get(group.compiled)?.delete(group.ci);
  }

  /** Takes a forgotten series out that was shared. */
  removeShared(compiled: CompiledRule, ci: string, slot: Slot): void {
    const place = this.#places.get(compiled)?.get(ci);
    if (place === undefined) return;
    place.shared = place.shared.filter((shared) => shared.slot !== slot);
    for (const { inputs } of place.groups.values()) {
      inputs.forEach((slots, input) => {
        if (slots.includes(slot)) inputs[input] = slots.filter((other) => other !== slot);
      });
    }
    if (place.groups.size === 0 && place.shared.length === 0) this.#places.get(compiled)?.delete(ci);
  }

  find(compiled: CompiledRule, ci: string, instance: string): Group | undefined {
    return this.#places.get(compiled)?.get(ci)?.groups.get(instance);
  }

  /** All groups, in the order in which their rules and CIs were first seen. */
  *all(): Iterable<Group> {
    for (const byCi of this.#places.values()) for (const { groups } of byCi.values()) yield* groups.values();
  }

  isGone(group: Group): boolean {
    return this.#places.get(group.compiled)?.get(group.ci)?.groups.get(group.instance) !== group;
  }
}

/**
 * Of a rule that reads several metrics, a series without any instance label is shared (memory, beside processes), and one
 * that lacks some of them, too (an interface's speed, beside its traffic by direction). The first metric tells the groups.
 */
function isShared({ rule, inputs }: CompiledRule, labels: Labels, input: number): boolean {
  if (inputs.length < 2 || rule.instance.length === 0) return false;
  const present = rule.instance.filter((name) => Object.hasOwn(labels, name)).length;
  return present === 0 || (input > 0 && present < rule.instance.length);
}

function ownLabels(names: readonly string[], labels: Labels): Labels {
  return Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(labels, name) ? [[name, labels[name] as string]] : [])),
  );
}

function attachShared(group: Group, shared: readonly SharedSeries[]): void {
  for (const { input, slot, labels } of shared) {
    const slots = group.inputs[input] as Slot[];
    const fits = Object.entries(labels).every(([name, value]) => group.labels[name] === value);
    if (!fits || slots.includes(slot) || slots.some((other) => !other.isShared)) continue;
    group.inputs[input] = [...slots, slot];
    group.hasShared = true;
  }
}
