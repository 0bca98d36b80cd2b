/** Largest first; each unit at most once and in this order: `1d12h`, `1h30m`, `500ms`. */
const UNITS: readonly (readonly [name: string, milliseconds: number])[] = [
  ["w", 604_800_000],
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
  ["ms", 1],
];

const DURATION = /^(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** The longest duration that is taken: a century. Longer ones are typing mistakes. */
const DURATION_MAX_MS = 100 * 365 * 86_400_000;

/**
 * The duration that people write in configuration, rules, events and on the command line, as Prometheus writes it.
 *
 * @returns milliseconds; null where the text is no duration (a bare number, a fraction, units out of order, over a century).
 */
export function parseDuration(text: string): number | null {
  const match = text === "" || text.length > 40 ? null : DURATION.exec(text);
  if (match === null) return null;
  const total = UNITS.reduce((sum, [, milliseconds], index) => sum + Number(match[index + 1] ?? 0) * milliseconds, 0);
  return total <= DURATION_MAX_MS ? total : null;
}

/** The shortest text that `parseDuration` reads as the same; for whole milliseconds ≥ 0. */
export function formatDuration(durationMs: number): string {
  let rest = Math.round(durationMs);
  if (rest <= 0) return "0s";
  let text = "";
  for (const [name, milliseconds] of UNITS) {
    const count = Math.floor(rest / milliseconds);
    if (count > 0) text += `${count}${name}`;
    rest -= count * milliseconds;
  }
  return text;
}
