import { isMap } from "yaml";
import { formatDuration, parseDuration } from "../../protocol/duration.ts";
import { parseQuantity } from "./quantity.ts";
import { type Condition, type Direction, type Level, RULE_LIMITS, type RuleSeverity } from "../detect/rule.ts";
import { CONDITION_KEYS, CONDITION_KINDS } from "./vocabulary.ts";
import { type Entry, offsetOf, type YamlReader } from "./yaml-reader.ts";

const KINDS: Readonly<Record<string, readonly string[]>> = CONDITION_KINDS;

const EXAMPLE = "for example: { above: 90%, clearBelow: 85%, for: 5m }";

/** How likely the baseline's reading must be before it counts, where the rule does not say. */
const DEFAULT_SCORE = 0.9;

/** Reads one `warning: {…}` of a rule. */
export class LevelParser {
  readonly #reader: YamlReader;
  readonly #entries: Map<string, Entry>;
  readonly #at: number;
  readonly #findingsBefore: number;
  percent = false;

  constructor(reader: YamlReader, level: Entry) {
    this.#reader = reader;
    this.#at = offsetOf(level);
    this.#findingsBefore = reader.findings.length;
    this.#entries = isMap(level.value)
      ? reader.entries(level.value, Object.keys(CONDITION_KEYS), `"${level.key}"`)
      : new Map();
    if (!isMap(level.value)) reader.map(level, EXAMPLE);
  }

  parse(severity: RuleSeverity): Level | undefined {
    const deciding = Object.keys(KINDS).filter((key) => this.#entries.has(key));
    const [kind] = deciding;
    if (kind === undefined) {
      if (this.#reader.findings.length === this.#findingsBefore) this.#noCondition();
      return undefined;
    }
    if (deciding.length > 1) {
      this.#error(
        this.#entries.get(deciding[1] as string) as Entry,
        "RULE_TWO_CONDITIONS",
        `${deciding.map((key) => `"${key}"`).join(" and ")} in one condition`,
        'keep one, and put the other into "while:" or a rule of its own',
      );
      return undefined;
    }
    for (const [key, entry] of this.#entries) {
      if (key !== kind && !(KINDS[kind] as readonly string[]).includes(key)) {
        this.#error(
          entry,
          "RULE_KEY_NOT_HERE",
          `"${key}" has no meaning beside "${kind}"`,
          `beside "${kind}" stand: ${(KINDS[kind] as readonly string[]).join(", ") || "no others"}`,
        );
      }
    }
    const condition = this.#condition(kind);
    const forMs = this.#duration("for") ?? 0;
    const clearForMs = this.#duration("clearFor") ?? 0;
    if (
      condition === undefined ||
      this.#reader.findings.slice(this.#findingsBefore).some((finding) => finding.severity === "error")
    )
      return undefined;
    return { severity, condition, forMs, clearForMs };
  }

  #noCondition(): void {
    this.#reader.error(
      this.#at,
      "RULE_NO_CONDITION",
      "a level without a condition",
      `${EXAMPLE}; conditions are ${Object.keys(KINDS).join(", ")}`,
    );
  }

  #condition(kind: string): Condition | undefined {
    switch (kind) {
      case "absentFor": {
        const afterMs = this.#duration("absentFor");
        return afterMs === undefined ? undefined : { kind: "absence", afterMs };
      }
      case "reaches":
        return this.#forecast();
      case "unusual":
        return this.#baseline();
      case "shift": {
        const direction = this.#direction("shift");
        return direction === undefined ? undefined : { kind: "shift", direction, by: this.#number("by") ?? null };
      }
      default:
        return this.#threshold(kind as "above" | "below" | "equals" | "notEquals");
    }
  }

  #threshold(operator: "above" | "below" | "equals" | "notEquals"): Condition | undefined {
    const value = this.#number(operator);
    const clearKey = operator === "above" ? "clearBelow" : "clearAbove";
    const clear = this.#number(clearKey) ?? null;
    const times = this.#times();
    if (value === undefined) return undefined;
    if (clear !== null && (operator === "above" ? clear > value : clear < value)) {
      const side = operator === "above" ? "below" : "above";
      this.#error(
        this.#entries.get(clearKey) as Entry,
        "RULE_HYSTERESIS",
        `${clearKey} is on the wrong side of ${operator}`,
        `it must be ${side} it, or equal`,
      );
    }
    return { kind: "threshold", operator, value, clear, times };
  }

  #forecast(): Condition | undefined {
    const reaches = this.#number("reaches");
    const within = this.#entries.get("within");
    if (within === undefined) {
      this.#error(
        this.#entries.get("reaches") as Entry,
        "RULE_KEY_MISSING",
        '"reaches" needs "within"',
        "for example: { reaches: 100%, within: 4h }",
      );
      return undefined;
    }
    const withinMs = this.#duration("within");
    if (reaches === undefined || withinMs === undefined) return undefined;
    const onlyAbove = this.#number("onlyAbove") ?? null;
    return { kind: "forecast", reaches, withinMs, onlyAbove, onlyBelow: this.#number("onlyBelow") ?? null };
  }

  #baseline(): Condition | undefined {
    const direction = this.#direction("unusual");
    const entry = this.#entries.get("score");
    const score = this.#number("score") ?? DEFAULT_SCORE;
    if (entry !== undefined && !(score > 0 && score < 1)) {
      this.#error(entry, "RULE_OUT_OF_RANGE", `a score of ${score}`, "between 0 and 1; larger is rarer, 0.9 is usual");
    }
    if (direction === undefined) return undefined;
    const onlyAbove = this.#number("onlyAbove") ?? null;
    return { kind: "baseline", direction, score, onlyAbove, onlyBelow: this.#number("onlyBelow") ?? null };
  }

  /** `3 of 5` samples, `3 in 10m`. */
  #times(): { hits: number; samples: number | null; withinMs: number | null } | null {
    const entry = this.#entries.get("times");
    if (entry === undefined) return null;
    const text = this.#reader.scalar(entry, '"3 of 5" or "3 in 10m"', "for example: times: 3 of 5");
    if (text === undefined) return null;
    const match = /^(\d{1,4}) (?:of (\d{1,4})|in (\S+))$/.exec(String(text).trim());
    const hits = Number(match?.[1]);
    const samples = match?.[2] === undefined ? null : Number(match[2]);
    const withinMs = match?.[3] === undefined ? null : parseDuration(match[3]);
    if (match === null || (samples === null && withinMs === null) || hits < 1) {
      this.#error(
        entry,
        "RULE_BAD_TIMES",
        `${JSON.stringify(text)} is not a count in a window`,
        "write 3 of 5 (of the last 5 samples) or 3 in 10m",
      );
      return null;
    }
    if (hits > RULE_LIMITS.hits || (samples ?? 0) > RULE_LIMITS.samples || (samples !== null && samples < hits)) {
      this.#error(
        entry,
        "RULE_OUT_OF_RANGE",
        `${JSON.stringify(text)} is out of range`,
        `at most ${RULE_LIMITS.hits} of ${RULE_LIMITS.samples}, and not more hits than samples`,
      );
      return null;
    }
    return { hits, samples, withinMs };
  }

  #direction(key: string): Direction | undefined {
    const entry = this.#entries.get(key) as Entry;
    const words: Readonly<Record<string, Direction>> = {
      high: "high",
      low: "low",
      either: "either",
      up: "high",
      down: "low",
    };
    const text = this.#reader.scalar(
      entry,
      "a direction",
      `${key}: ${key === "shift" ? "up, down" : "high, low"} or either`,
    );
    if (text === undefined) return undefined;
    const direction = Object.hasOwn(words, String(text)) ? words[String(text)] : undefined;
    if (direction === undefined) {
      this.#error(
        entry,
        "RULE_BAD_DIRECTION",
        `${JSON.stringify(text)} is not a direction`,
        key === "shift" ? "write up, down or either" : "write high, low or either",
      );
    }
    return direction;
  }

  #number(key: string): number | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const text = this.#reader.scalar(entry, "a number", "write 90%, 0.9, 20ms, 10GiB or a plain number");
    if (text === undefined) return undefined;
    const quantity = parseQuantity(text);
    if (quantity === undefined) {
      this.#error(
        entry,
        "RULE_BAD_NUMBER",
        `${JSON.stringify(text)} is not a number`,
        "write 90%, 0.9, 20ms, 10GiB or a plain number",
      );
      return undefined;
    }
    if (key !== "score" && key !== "by") this.percent ||= quantity.percent;
    return quantity.value;
  }

  #duration(key: string): number | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    const text = this.#reader.scalar(entry, "a time", "write 30s, 5m, 1h30m");
    if (text === undefined) return undefined;
    const durationMs = typeof text === "string" ? parseDuration(text.trim()) : null;
    if (durationMs === null) {
      this.#error(entry, "RULE_BAD_DURATION", `${JSON.stringify(text)} is not a time`, "write 30s, 5m, 1h30m or 7d");
      return undefined;
    }
    if (durationMs === 0 && key !== "for" && key !== "clearFor") {
      this.#error(entry, "RULE_OUT_OF_RANGE", `"${key}" of ${formatDuration(0)}`, "write a time above zero");
      return undefined;
    }
    return durationMs;
  }

  #error(entry: Entry, code: string, message: string, hint: string): void {
    this.#reader.error(offsetOf(entry), code, message, hint);
  }
}
