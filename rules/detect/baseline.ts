/**
 * Learns what is usual for one series, in one pass and one kibibyte: its level, its spread, its day and its week. The answer
 * to each sample is how far it lies outside of everything that was seen before.
 *
 * The measure is the *soft record*: for each of five views of the series (the distance from the level; the mean of the last
 * hour; the restlessness of the last hour; the distance from what the season lets expect; the mean of that over two
 * hours) the largest value ever seen is remembered, and fades with a half-life of ten days. A view that exceeds its record
 * is unusual by log2(view / record). It needs no model of the noise: a series that spikes every day has a high record,
 * one that never moves a low one, and what has happened once is less unusual the second time.
 *
 * Rejected, each with lower scores on the Numenta Anomaly Benchmark's `realAWSCloudwatch`: z-scores against a moving
 * mean, empirical tail probabilities (both rise for ever on heavy-tailed series), tail index by Hill's estimator,
 * suppression after a detection. See docs/decision for the figures.
 */

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Samples and time it takes before anything is called unusual: a whole day must have been seen. */
const LEARN_MS = DAY_MS;
const LEARN_SAMPLES = 50;

/** Half-life of records and time constant of the level: in samples, and at least in time. */
const MEMORY_SAMPLES = 3000;
const MEMORY_MS = 10.4 * DAY_MS;

/** A record grows at most by this factor a sample, so that one wild value does not blind the series for days. */
const GROWTH = 2.2;
/** … but to a third of the value at least: where nothing ever moved, the third wild value is no news. */
const GROWTH_WILD = 3;
/** … and a young series believes more: up to this many samples the factor is larger. */
const YOUNG_SAMPLES = 500;

/** The season is used where what it leaves unexplained is below this share of what the level alone leaves. */
const SEASON_CREDIBLE = 0.5;
/** The week is used beside the day where it takes away at least this share of the error. */
const WEEK_CREDIBLE = 0.95;
/** Of the season: a day of three is learned before its errors are measured, and half a day more before they count. */
const SEASON_LEARN_DAYS = 3;
const SEASON_USE_DAYS = 3.5;

/** The day in quarters of an hour, the week in steps of two hours. */
const SLOTS_DAY = 96;
const SLOTS_WEEK = 84;

/** Places of the numbers in a series' memory (Float64). */
const F = {
  count: 0,
  ageMs: 1,
  lastAt: 2,
  intervalMs: 3,
  level: 4,
  spread: 5,
  mean: 6,
  restless: 7,
  recordPoint: 8,
  recordMean: 9,
  recordRestless: 10,
  seasonLevel: 11,
  seasonError: 12,
  levelError: 13,
  dayError: 14,
  weekError: 15,
  seasonMean: 16,
  recordSeason: 17,
  recordSeasonMean: 18,
  seasonCount: 19,
  slot: 20,
  origin: 21,
  score: 22,
  direction: 23,
  expected: 24,
} as const;
const DOUBLES = 25;
/** Float32 after the doubles: the day, then the week, as differences. */
const FLOATS = SLOTS_DAY + SLOTS_WEEK;
/** State of one series. */
export const BASELINE_BYTES = DOUBLES * 8 + FLOATS * 4;

export interface BaselineSnapshot {
  doubles: Float64Array;
  floats: Float32Array;
}

const SERIES_PER_SLAB = 64;

/** Hands out memory for baselines from larger pieces, so that a series costs its numbers and little more. */
export class BaselineMemory {
  #doubles: Float64Array = new Float64Array(0);
  #floats: Float32Array = new Float32Array(0);
  #used = SERIES_PER_SLAB;
  readonly #free: { doubles: Float64Array; floats: Float32Array; index: number }[] = [];

  /** A place of zeros. */
  take(): { doubles: Float64Array; floats: Float32Array; index: number } {
    const free = this.#free.pop();
    if (free !== undefined) {
      free.doubles.fill(0, free.index * DOUBLES, (free.index + 1) * DOUBLES);
      free.floats.fill(0, free.index * FLOATS, (free.index + 1) * FLOATS);
      return free;
    }
    if (this.#used === SERIES_PER_SLAB) {
      const buffer = new ArrayBuffer(SERIES_PER_SLAB * BASELINE_BYTES);
      this.#doubles = new Float64Array(buffer, 0, SERIES_PER_SLAB * DOUBLES);
      this.#floats = new Float32Array(buffer, SERIES_PER_SLAB * DOUBLES * 8, SERIES_PER_SLAB * FLOATS);
      this.#used = 0;
    }
    return { doubles: this.#doubles, floats: this.#floats, index: this.#used++ };
  }

  give(place: { doubles: Float64Array; floats: Float32Array; index: number }): void {
    this.#free.push(place);
  }
}

/** One series' baseline: a handle on its place in memory. */
export class Baseline {
  readonly #d: Float64Array;
  readonly #f: Float32Array;
  readonly #index: number;

  constructor(memory: BaselineMemory) {
    const place = memory.take();
    this.#d = place.doubles;
    this.#f = place.floats;
    this.#index = place.index;
  }

  save(): BaselineSnapshot {
    const { doubles, floats } = this.#memory();
    return { doubles: doubles.slice(), floats: floats.slice() };
  }

  load(saved: BaselineSnapshot): void {
    const { doubles, floats } = this.#memory();
    if (saved.doubles.length !== doubles.length || saved.floats.length !== floats.length) return;
    doubles.set(saved.doubles);
    floats.set(saved.floats);
  }

  #memory(): BaselineSnapshot {
    const floats = this.#index * FLOATS;
    return {
      doubles: this.#d.subarray(this.#at, this.#at + DOUBLES),
      floats: this.#f.subarray(floats, floats + FLOATS),
    };
  }

  /** Gives its memory back; it must not be used afterwards. */
  release(memory: BaselineMemory): void {
    memory.give({ doubles: this.#d, floats: this.#f, index: this.#index });
  }

  get #at(): number {
    return this.#index * DOUBLES;
  }

  /** 0…1 of the last sample: 0 = within what was seen, 0.5 = a quarter beyond, 0.9 = twice as far out as ever before. */
  get score(): number {
    return this.#d[this.#at + F.score]!;
  }

  /** Which way the last sample is unusual: above 0 high, below 0 low, 0 neither. */
  get direction(): number {
    return this.#d[this.#at + F.direction]!;
  }

  /** What the last sample was expected to be. */
  get expected(): number {
    return this.#d[this.#at + F.expected]! + this.#d[this.#at + F.origin]!;
  }

  /** False until a day and 50 samples have been seen. */
  get isReady(): boolean {
    return this.#d[this.#at + F.ageMs]! >= LEARN_MS && this.#d[this.#at + F.count]! >= LEARN_SAMPLES;
  }

  /**
   * Takes a sample in and judges it by what was known before it.
   *
   * @param at milliseconds since 1970, UTC: the day and the week are those of UTC. A sample that is not newer than the
   * last one is taken as one that comes right after it.
   */
  push(raw: number, at: number): void {
    const d = this.#d;
    const o = this.#at;
    const count = (d[o + F.count]! += 1);
    if (count === 1) this.#begin(raw, at);
    const x = raw - d[o + F.origin]!;
    const elapsedMs = at - d[o + F.lastAt]!;
    d[o + F.lastAt] = at;
    if (elapsedMs > 0) {
      d[o + F.ageMs]! += Math.min(elapsedMs, HOUR_MS * 2);
      const known = d[o + F.intervalMs]!;
      d[o + F.intervalMs] = known === 0 ? elapsedMs : known + (Math.min(elapsedMs, known * 4) - known) * 0.05;
    }
    const intervalMs = Math.max(1, d[o + F.intervalMs]! || 60_000);
    const memory = Math.max(MEMORY_SAMPLES, MEMORY_MS / intervalMs);
    const plain = this.#plainViews(x, count, memory, intervalMs);
    const season = this.#seasonViews(x, at, memory, intervalMs);
    let unusual = plain;
    if (Math.abs(season) > Math.abs(plain)) unusual = season;
    // A record of few samples is soon broken: young series must exceed it further.
    const beyond = Math.abs(unusual) - 0.2 * Math.min(1, 100 / count);
    const isUnusual = beyond > 0 && this.isReady;
    d[o + F.score] = isUnusual ? 1 - 10 ** -beyond : 0;
    d[o + F.direction] = isUnusual ? Math.sign(unusual) : 0;
  }

  /**
   * What is to be expected at a time after the last sample: the level, and the day's and week's course where the series
   * has one. undefined before it is ready.
   */
  forecast(at: number): number | undefined {
    if (!this.isReady) return undefined;
    const d = this.#d;
    const o = this.#at;
    const origin = d[o + F.origin]!;
    if (!this.isSeasonal) return d[o + F.mean]! + origin;
    const { ofDay, ofWeek } = this.#course(at);
    return d[o + F.seasonLevel]! + ofDay + (this.#usesWeek ? ofWeek : 0) + origin;
  }

  /** The day's course explains at least half of what the level leaves open. */
  get isSeasonal(): boolean {
    const d = this.#d;
    const o = this.#at;
    return d[o + F.ageMs]! > SEASON_USE_DAYS * DAY_MS && d[o + F.seasonError]! < SEASON_CREDIBLE * d[o + F.levelError]!;
  }

  get #usesWeek(): boolean {
    return this.#d[this.#at + F.weekError]! < WEEK_CREDIBLE * this.#d[this.#at + F.dayError]!;
  }

  /** What the season adds to the level at this time; 0 where the series has none. */
  course(at: number): number {
    if (!this.isSeasonal) return 0;
    const { ofDay, ofWeek } = this.#course(at);
    return this.#usesWeek ? ofDay + ofWeek : ofDay;
  }

  /** What the day and the week add at this time, and where in memory they stand. */
  #course(at: number): { ofDay: number; ofWeek: number; slots: Slots } {
    const start = this.#index * FLOATS;
    // Days have edges (a job begins at nine), so each quarter of an hour stands for itself; weeks are smooth.
    const day = start + modulo(Math.floor((at / DAY_MS) * SLOTS_DAY), SLOTS_DAY);
    const position = (at / (7 * DAY_MS)) * SLOTS_WEEK - 0.5;
    const first = Math.floor(position);
    const part = position - first;
    const week0 = start + SLOTS_DAY + modulo(first, SLOTS_WEEK);
    const week1 = start + SLOTS_DAY + modulo(first + 1, SLOTS_WEEK);
    const f = this.#f;
    return {
      ofDay: f[day]!,
      ofWeek: f[week0]! * (1 - part) + f[week1]! * part,
      slots: { day, week0, week1, part },
    };
  }

  #begin(raw: number, at: number): void {
    const d = this.#d;
    const o = this.#at;
    d[o + F.origin] = raw;
    d[o + F.lastAt] = at;
    d[o + F.slot] = -1;
  }

  /**
   * Point, mean and restlessness against the level.
   * @returns log2 of the largest excess, with the sign of its direction; 0 = none.
   */
  #plainViews(x: number, count: number, memory: number, intervalMs: number): number {
    const d = this.#d;
    const o = this.#at;
    const gain = Math.max(1 / count, 1 / memory);
    const window = Math.max(10, (50 * 60_000) / intervalMs);
    const windowGain = Math.max(1 / count, 1 / window);
    const away = x - d[o + F.level]!;
    const spread = d[o + F.spread]!;
    const floor = spread + 1e-9;
    const windowFloor = floor / Math.sqrt(window);
    const isLearning = count <= 30;

    const mean = (d[o + F.mean]! += windowGain * (x - d[o + F.mean]!));
    const meanAway = mean - d[o + F.level]!;
    const restless = count > 60 ? Math.min(Math.abs(x - mean), 10 * spread) : Math.abs(x - mean);
    d[o + F.restless]! += windowGain * (restless - d[o + F.restless]!);

    const point = this.#excess(F.recordPoint, Math.abs(away) + floor, memory, count, isLearning);
    const means = this.#excess(F.recordMean, Math.abs(meanAway) + windowFloor, memory, count, isLearning);
    const rest = this.#excess(F.recordRestless, d[o + F.restless]! + windowFloor, memory, count, count <= 60);

    d[o + F.spread]! += gain * (Math.abs(away) - spread);
    d[o + F.level]! += gain * away;
    d[o + F.expected] = d[o + F.level]!;
    const largest = Math.max(point, means, rest);
    if (largest <= 0) return 0;
    const sign = largest === means ? meanAway : away;
    return sign < 0 ? -largest : largest;
  }

  /** log2(view / record), and moves the record. */
  #excess(field: number, view: number, memory: number, count: number, isLearning: boolean): number {
    const d = this.#d;
    const place = this.#at + field;
    const record = Math.max(d[place]!, 1e-12);
    if (isLearning) {
      d[place] = Math.max(record, view);
      return 0;
    }
    const growth = Math.max(GROWTH, (GROWTH * YOUNG_SAMPLES) / count);
    d[place] = Math.max(
      record * (1 - Math.LN2 / memory),
      Math.min(view, Math.max(record * growth, view / GROWTH_WILD)),
    );
    return view <= record ? 0 : Math.log2(view / record);
  }

  /** The distance from the day's and the week's course; 0 while the season is not credible. */
  #seasonViews(x: number, at: number, memory: number, intervalMs: number): number {
    const d = this.#d;
    const o = this.#at;
    const days = d[o + F.ageMs]! / DAY_MS;
    const { ofDay, ofWeek, slots } = this.#course(at);
    const dayError = x - d[o + F.seasonLevel]! - ofDay;
    const error = this.#usesWeek ? dayError - ofWeek : dayError;
    const pace = { days, memory, intervalMs };
    const weekError = dayError - ofWeek;
    let unusual = 0;
    if (days > SEASON_LEARN_DAYS - 1) unusual = this.#judgeSeason(x, error, { day: dayError, week: weekError }, pace);
    const bound = days > SEASON_LEARN_DAYS ? 3 * d[o + F.seasonError]! : Number.POSITIVE_INFINITY;
    const clip = (value: number): number => Math.max(-bound, Math.min(bound, value));
    this.#learnSeason(clip(error), clip(weekError), slots, pace);
    return unusual;
  }

  /** @returns log2 of the largest excess over what the season leaves unexplained, with its sign. */
  #judgeSeason(x: number, error: number, errors: SeasonErrors, pace: Pace): number {
    const d = this.#d;
    const o = this.#at;
    const isFirst = (d[o + F.seasonCount]! += 1) === 1;
    const gain = isFirst ? 1 : Math.min(0.02, pace.intervalMs / (3 * DAY_MS));
    const seasonError = (d[o + F.seasonError]! += gain * (Math.abs(error) - d[o + F.seasonError]!));
    d[o + F.levelError]! += gain * (Math.abs(x - d[o + F.level]!) - d[o + F.levelError]!);
    d[o + F.dayError]! += gain * (Math.abs(errors.day) - d[o + F.dayError]!);
    d[o + F.weekError]! += gain * (Math.abs(errors.week) - d[o + F.weekError]!);

    const window = Math.max(20, (100 * 60_000) / pace.intervalMs);
    const mean = (d[o + F.seasonMean]! += (error - d[o + F.seasonMean]!) / window);
    const floor = seasonError + 1e-9;
    const count = d[o + F.seasonCount]!;
    const isLearning = pace.days <= SEASON_LEARN_DAYS;
    const point = this.#excess(F.recordSeason, Math.abs(error) + floor, pace.memory, count, isLearning);
    const means = this.#excess(
      F.recordSeasonMean,
      Math.abs(mean) + floor / Math.sqrt(window),
      pace.memory,
      count,
      isLearning,
    );
    if (!this.isSeasonal) return 0;
    d[o + F.expected] = x - error;
    const largest = Math.max(point, means);
    return (largest === point ? error : mean) < 0 ? -largest : largest;
  }

  #learnSeason(error: number, weekError: number, slots: Slots, pace: Pace): void {
    const d = this.#d;
    const o = this.#at;
    const f = this.#f;
    const { days, intervalMs } = pace;
    // A slot is visited once a day, or week, by several samples: together they move it by `visit`.
    const visit = days < 1 ? 1 : Math.max(0.15, 1 / (1 + days));
    f[slots.day]! += visit * Math.min(1, (intervalMs * SLOTS_DAY) / DAY_MS) * error;
    if (days > 7) {
      const weekShare = Math.max(0.3, 7 / days) * Math.min(1, (1.5 * intervalMs * SLOTS_WEEK) / (7 * DAY_MS));
      f[slots.week0]! += weekShare * (1 - slots.part) * weekError;
      f[slots.week1]! += weekShare * slots.part * weekError;
    }
    const levelMemory = Math.max(200, DAY_MS / intervalMs);
    d[o + F.seasonLevel]! += Math.max(1 / d[o + F.count]!, 1 / levelMemory) * 0.5 * error;
    const slot = slots.day - this.#index * FLOATS;
    if (d[o + F.slot]! !== slot) {
      d[o + F.slot] = slot;
      this.#centreDay();
    }
  }

  /** The day's course has the mean 0: what it has beyond belongs to the level. */
  #centreDay(): void {
    const f = this.#f;
    const day = this.#index * FLOATS;
    let sum = 0;
    for (let slot = 0; slot < SLOTS_DAY; slot += 1) sum += f[day + slot]!;
    const mean = sum / SLOTS_DAY;
    for (let slot = 0; slot < SLOTS_DAY; slot += 1) f[day + slot]! -= mean;
    this.#d[this.#at + F.seasonLevel]! += mean;
  }
}

/** How fast things are learned at this series' pace. */
interface Pace {
  days: number;
  /** Samples. */
  memory: number;
  intervalMs: number;
}

interface SeasonErrors {
  /** Without the week's part. */
  day: number;
  /** With it. */
  week: number;
}

/** Places in memory: of the day's slot, of the two week's slots between which a sample lies, and how far it is towards the second. */
interface Slots {
  day: number;
  week0: number;
  week1: number;
  part: number;
}

function modulo(value: number, size: number): number {
  return ((value % size) + size) % size;
}
