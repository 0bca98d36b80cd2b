/** A number as an administrator writes it: `90%`, `1.5GiB`, `20ms`, `100MB/s`, `3`. */
export interface Quantity {
  /** In the base unit: a ratio for percent, bytes, seconds. */
  value: number;
  percent: boolean;
}

const FACTORS: Readonly<Record<string, number>> = {
  "": 1,
  "%": 0.01,
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
  us: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  min: 60,
  h: 3600,
  d: 86_400,
};

const QUANTITY = /^([+-]?(?:\d{1,20}(?:\.\d{0,20})?|\.\d{1,20})(?:e[+-]?\d{1,3})?) ?([A-Za-z%]{0,3})(?:\/s)?$/;

/** undefined where it is not one. */
export function parseQuantity(text: string | number): Quantity | undefined {
  if (typeof text === "number") return Number.isFinite(text) ? { value: text, percent: false } : undefined;
  const match = QUANTITY.exec(text.trim());
  if (match === null) return undefined;
  const factor = Object.hasOwn(FACTORS, match[2] ?? "") ? FACTORS[match[2] ?? ""] : undefined;
  if (factor === undefined) return undefined;
  const percent = match[2] === "%";
  // Divides for percent: 0.07 * 100 and its like must give the number that a person would write.
  const value = percent ? Number(match[1]) / 100 : Number(match[1]) * factor;
  return Number.isFinite(value) ? { value, percent } : undefined;
}
