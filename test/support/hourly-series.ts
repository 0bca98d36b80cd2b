/** Hourly series in the manner of the M4 competition's: a day, a week, a trend, autocorrelated noise; from a seed. */

/** mulberry32: the same numbers for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** 700 or 960 hours to learn from, and the 48 hours after them. */
export function hourlySeries(seed: number): { history: number[]; future: number[] } {
  const random = createRandom(seed);
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const length = random() < 0.6 ? 960 : 700;
  const base = Math.exp(3 + 6 * random());
  const trend = (random() - 0.4) * 0.0004;
  const weekend = random() < 0.5 ? 0.1 + 0.5 * random() : 0;
  const amplitude = 0.2 + 0.6 * random();
  const noise = 0.02 + 0.12 * random() ** 2;
  const memory = 0.3 + 0.65 * random();
  const [phase, second, share] = [random() * 24, random() * 24, random() * 0.5];
  let error = 0;
  const values = Array.from({ length: length + 48 }, (_, hour) => {
    error = memory * error + noise * Math.sqrt(1 - memory * memory) * normal();
    const isWeekend = Math.floor(hour / 24) % 7 >= 5;
    const wave = Math.sin((2 * Math.PI * (hour - phase)) / 24) + share * Math.sin((4 * Math.PI * (hour - second)) / 24);
    const shape = 1 + amplitude * wave * (isWeekend ? 1 - weekend : 1) - (isWeekend ? weekend / 2 : 0);
    return base * Math.max(0.02, (1 + trend * hour) * shape * (1 + error));
  });
  return { history: values.slice(0, length), future: values.slice(length) };
}
