import type { Baseline } from "./baseline.ts";
import { ChangePoint } from "./change-point.ts";
import { type CompiledRule, isTrue } from "./compile.ts";
import type { Detection } from "./detector.ts";
import { Forecast } from "./forecast.ts";
import { LevelState, type Verdict } from "./level.ts";
import { renderSummary } from "./render.ts";
import type { Condition, Direction, Level } from "./rule.ts";
import type { Slot } from "./slot.ts";
import type { GroupSnapshot } from "./snapshot.ts";

/** "No value" for this long is the end of a condition: a division by nothing, a label that is gone. */
export const NO_VALUE_CLEARS_MS = 5 * 60_000;

const DAY_MS = 86_400_000;

/** One rule on one instance of one CI: its inputs, its value, and the life of each of its severities. */
export class Group {
  readonly compiled: CompiledRule;
  readonly ci: string;
  readonly instance: string;
  readonly labels: Readonly<Record<string, string>>;
  /** In the order of the rule's inputs. */
  readonly inputs: Slot[][];
  readonly states: LevelState[];
  /** Index of the worst firing level; -1 = nothing fires. */
  firing = -1;
  value = Number.NaN;
  /** The newest sample's time. */
  at = 0;
  /** The tick before the newest sample came. */
  seenTick = Number.NaN;
  valueAt = Number.NaN;
  /** Own slots that are not stale, and how many of them were updated since the last evaluation. */
  expected = 0;
  fresh = 0;
  /** The time of the first sample of this round. */
  roundAt = 0;
  /** False until the first round is known to be over. */
  isWarm: boolean;
  hasGap = false;
  /** Some inputs are shared with other groups. */
  hasShared = false;
  unit = "";
  /** By level; null where no level forecasts. */
  readonly #forecasts: readonly (Forecast | null)[] | null;
  readonly #changePoint: ChangePoint | null;
  /** Where a rule asks for the unusual. */
  readonly baseline: Baseline | null;
  #whenMs: number | null = null;
  /** How far out the value was when it became unusual, and when; it stays so until it is half way back, a day at most. */
  #unusualBy = 0;
  #unusualAt = 0;

  constructor(
    compiled: CompiledRule,
    key: { ci: string; instance: string; labels: Readonly<Record<string, string>> },
    baseline: Baseline | null,
  ) {
    const { ci, instance, labels } = key;
    this.compiled = compiled;
    this.ci = ci;
    this.instance = instance;
    this.labels = labels;
    this.inputs = compiled.inputs.map(() => []);
    this.states = compiled.rule.levels.map((level) => new LevelState(level));
    this.isWarm = compiled.isLone;
    this.#forecasts = compiled.hasForecast
      ? compiled.rule.levels.map(({ condition }) =>
          condition.kind === "forecast" ? new Forecast(condition.withinMs) : null,
        )
      : null;
    this.baseline = baseline;
    this.#changePoint = compiled.hasShift ? new ChangePoint() : null;
  }

  /** Looks at the inputs as they are now. */
  evaluate(): Detection | null {
    const { compiled, at } = this;
    const isGap = this.hasGap;
    this.#endRound();
    const value = compiled.value(this.inputs, at);
    if (Number.isNaN(value)) return this.#withoutValue(at);
    this.value = value;
    this.valueAt = at;
    const isGated = compiled.gate !== null && !isTrue(compiled.gate(this.inputs, at));
    this.baseline?.push(value, at);
    const shifted = this.#changePoint?.push(value - (this.baseline?.course(at) ?? 0), at) ?? 0;
    const { levels } = compiled.rule;
    let worst = -1;
    for (let index = 0; index < levels.length; index += 1) {
      const level = levels[index] as Level;
      const state = this.states[index] as LevelState;
      if (isGap) state.forgetSamples(level);
      const verdict = isGated ? "clear" : this.#verdict(index, level, state, shifted);
      state.advance(level, verdict, at, isGap);
      if (worst !== -1 && verdict === "holds") state.carry();
      if (worst === -1 && state.isFiring) worst = index;
    }
    return this.#become(worst, at);
  }

  #endRound(): void {
    this.fresh = 0;
    this.hasGap = false;
    this.isWarm = true;
    for (const slots of this.inputs) for (const slot of slots) slot.isFresh = false;
  }

  #withoutValue(at: number): Detection | null {
    if (this.firing === -1) {
      for (const state of this.states) if (state.phase === "pending") state.clear();
      return null;
    }
    return at - this.valueAt > NO_VALUE_CLEARS_MS ? this.end(at) : null;
  }

  #verdict(index: number, level: Level, state: LevelState, shifted: number): Verdict {
    const { condition } = level;
    const { value } = this;
    switch (condition.kind) {
      case "threshold": {
        const verdict = thresholdVerdict(condition, value);
        if (condition.times === null) return verdict;
        return state.count(level, verdict === "holds", this.at) ? "holds" : verdict === "holds" ? "between" : verdict;
      }
      case "absence":
        return "clear";
      case "forecast":
        return this.#forecastVerdict(condition, this.#forecasts?.[index] as Forecast);
      case "baseline":
        return this.#unusualVerdict(condition, state);
      case "shift":
        return this.#shiftVerdict(condition, shifted);
    }
  }

  #forecastVerdict(condition: Kind<"forecast">, forecast: Forecast): Verdict {
    const { value, at, baseline } = this;
    const { reaches, onlyAbove, onlyBelow } = condition;
    forecast.push(value - (baseline?.course(at) ?? 0), at);
    const from = onlyBelow === null ? "below" : "above";
    // A little further than asked, so that a value at the edge does not flutter.
    const horizonMs = condition.withinMs * 1.25;
    const timeMs =
      baseline?.isSeasonal === true
        ? forecast.timeToReachWithSeason(reaches, from, horizonMs, (aheadMs) => baseline.course(at + aheadMs))
        : forecast.timeToReach(reaches, from);
    const isFar = (onlyAbove !== null && value <= onlyAbove) || (onlyBelow !== null && value >= onlyBelow);
    if (isFar || timeMs > horizonMs) return "clear";
    this.#whenMs = timeMs;
    return timeMs <= condition.withinMs ? "holds" : "between";
  }

  #unusualVerdict(condition: Kind<"baseline">, state: LevelState): Verdict {
    const baseline = this.baseline as Baseline;
    const { value, at } = this;
    if (condition.onlyAbove !== null && value <= condition.onlyAbove) return "clear";
    if (condition.onlyBelow !== null && value >= condition.onlyBelow) return "clear";
    const away = value - baseline.expected;
    if (baseline.score >= condition.score && isDirection(baseline.direction, condition.direction)) {
      this.#unusualBy = away;
      this.#unusualAt = at;
      return "holds";
    }
    if (state.phase === "idle") return "clear";
    // The record has grown, so the score is low again; the trouble lasts until the value comes back.
    const isStillOut = away * Math.sign(this.#unusualBy) >= Math.abs(this.#unusualBy) / 2;
    return isStillOut && at - this.#unusualAt < DAY_MS ? "holds" : "clear";
  }

  #shiftVerdict(condition: Kind<"shift">, shifted: number): Verdict {
    if (shifted === 0 || !isDirection(shifted, condition.direction)) return "clear";
    const { from, level } = this.#changePoint as ChangePoint;
    if (condition.by === null) return "holds";
    const course = this.baseline?.course(this.at) ?? 0;
    return Math.abs(level - from) >= condition.by * Math.abs(from + course) ? "holds" : "clear";
  }

  /** The absence levels, looked at by the clock alone. */
  checkAbsence(silentMs: number, at: number): Detection | null {
    const { levels } = this.compiled.rule;
    let worst = -1;
    for (let index = 0; index < levels.length; index += 1) {
      const { condition } = levels[index] as Level;
      const state = this.states[index] as LevelState;
      if (condition.kind === "absence" && silentMs >= condition.afterMs && !state.isFiring) {
        state.phase = "firing";
        state.began = at - silentMs;
      }
      if (worst === -1 && state.isFiring) worst = index;
    }
    return this.#become(worst, at);
  }

  /** A `for` that ends `laterMs` after the newest sample, without another one. */
  checkPending(laterMs: number): Detection | null {
    const { levels } = this.compiled.rule;
    let worst = -1;
    for (let index = 0; index < levels.length; index += 1) {
      const state = this.states[index] as LevelState;
      if (state.phase === "pending" && this.at + laterMs - state.since >= (levels[index] as Level).forMs)
        state.phase = "firing";
      if (worst === -1 && state.isFiring) worst = index;
    }
    return this.#become(worst, this.at + laterMs);
  }

  /** Ends whatever fires: its series are gone, or it has had no value for long. */
  end(at: number): Detection | null {
    for (const state of this.states) state.clear();
    return this.#become(-1, at);
  }

  get isPending(): boolean {
    return this.states.some((state) => state.phase === "pending");
  }

  /** The least wait of its absence levels. */
  get absenceMs(): number {
    const waits = this.compiled.rule.levels.map(({ condition }) =>
      condition.kind === "absence" ? condition.afterMs : Infinity,
    );
    return Math.min(...waits);
  }

  #become(worst: number, at: number): Detection | null {
    const before = this.firing;
    if (worst === before) return null;
    this.firing = worst;
    return worst === -1 ? this.#detection("resolved", before, at) : this.#detection("firing", worst, at);
  }

  /** The condition as it is now; only while it fires. */
  current(): Detection {
    return this.#detection("firing", this.firing, this.at);
  }

  #detection(status: "firing" | "resolved", index: number, at: number): Detection {
    const { rule, unit, unitSuffix } = this.compiled;
    const level = rule.levels[index] as Level;
    const { condition } = level;
    const summary = renderSummary(rule.summary, {
      value: this.value,
      unit: (unit ?? this.unit) + unitSuffix,
      severity: level.severity,
      ci: this.ci,
      instance: this.instance,
      threshold:
        condition.kind === "threshold" ? condition.value : condition.kind === "forecast" ? condition.reaches : null,
      expected: this.baseline?.expected ?? null,
      whenMs: condition.kind === "forecast" ? this.#whenMs : null,
      labels: this.labels,
    });
    return {
      rule: rule.name,
      ci: this.ci,
      instance: this.instance,
      status,
      severity: level.severity,
      summary,
      at,
      since: (this.states[index] as LevelState).began,
      value: this.value,
      labels: this.labels,
      runbook: rule.runbook,
    };
  }

  /** Its state, without what its rule and its series say. */
  save(): Omit<GroupSnapshot, "rule"> {
    const times = [this.at, this.seenTick, this.valueAt, this.roundAt];
    const counts = [this.firing, this.value, this.fresh, this.#whenMs ?? Number.NaN, this.#unusualBy, this.#unusualAt];
    return {
      ci: this.ci,
      instance: this.instance,
      unit: this.unit,
      isWarm: this.isWarm,
      hasGap: this.hasGap,
      numbers: [...times, ...counts],
      levels: this.states.map((state) => state.save()),
      forecasts: this.#forecasts?.map((forecast) => forecast?.save() ?? null) ?? null,
      changePoint: this.#changePoint?.save() ?? null,
      baseline: this.baseline?.save() ?? null,
    };
  }

  load(saved: Omit<GroupSnapshot, "rule">): void {
    this.unit = saved.unit;
    this.isWarm = saved.isWarm;
    this.hasGap = saved.hasGap;
    const [at = 0, seenTick = Number.NaN, valueAt = Number.NaN, roundAt = 0, ...counts] = saved.numbers;
    this.at = at;
    this.seenTick = seenTick;
    this.valueAt = valueAt;
    this.roundAt = roundAt;
    const [firing = -1, value = Number.NaN, fresh = 0, whenMs = Number.NaN, unusualBy = 0, unusualAt = 0] = counts;
    this.firing = firing;
    this.value = value;
    this.fresh = fresh;
    this.#whenMs = Number.isNaN(whenMs) ? null : whenMs;
    this.#unusualBy = unusualBy;
    this.#unusualAt = unusualAt;
    saved.levels.forEach((level, index) => this.states[index]?.load(level));
    saved.forecasts?.forEach((numbers, index) => numbers !== null && this.#forecasts?.[index]?.load(numbers));
    if (saved.changePoint !== null) this.#changePoint?.load(saved.changePoint);
    if (saved.baseline !== null) this.baseline?.load(saved.baseline);
  }
}

/** One kind of condition. */
type Kind<Name extends Condition["kind"]> = Extract<Condition, { kind: Name }>;

function isDirection(found: number, wanted: Direction): boolean {
  return wanted === "either" || (wanted === "high" ? found > 0 : found < 0);
}

function thresholdVerdict(condition: Kind<"threshold">, value: number): Verdict {
  const { clear } = condition;
  switch (condition.operator) {
    case "above":
      if (value > condition.value) return "holds";
      return clear === null || value < clear ? "clear" : "between";
    case "below":
      if (value < condition.value) return "holds";
      return clear === null || value > clear ? "clear" : "between";
    case "equals":
      return value === condition.value ? "holds" : "clear";
    default:
      return value === condition.value ? "clear" : "holds";
  }
}
