/** One number of a plugin's performance data. */
export interface PerformanceValue {
  label: string;
  value: number;
  /** As the plugin writes it: `s`, `ms`, `%`, `B`, `c` … */
  unit: string;
}

export interface PluginOutput {
  /** The first line without performance data. */
  text: string;
  performance: PerformanceValue[];
}

const PERFORMANCE_MAX = 64;
/** `'label'=value[UOM];warn;crit;min;max`; a quote inside a quoted label is doubled. */
const PERFORMANCE = /(?:'((?:[^'=]|'')+)'|([^\s'=]+))=(-?[\d.,]+(?:[eE][-+]?\d+)?)([a-zA-Z%]*)\S*/g;

/**
 * What a Nagios plugin printed: text, then performance data behind `|`, on the first line and once more in the long output.
 *
 * @see https://nagios-plugins.org/doc/guidelines.html, "Plugin Output" and "Performance data"
 */
export function parsePluginOutput(output: string): PluginOutput {
  const [first = "", ...rest] = output.split("\n");
  const split = first.indexOf("|");
  const text = (split === -1 ? first : first.slice(0, split)).trim().slice(0, 500);
  const longSplit = rest.join("\n").indexOf("|");
  const more = longSplit === -1 ? "" : rest.join("\n").slice(longSplit + 1);
  const data = `${split === -1 ? "" : first.slice(split + 1)} ${more}`;
  const performance: PerformanceValue[] = [];
  for (const [, quoted, plain, number = "", unit = ""] of data.matchAll(PERFORMANCE)) {
    const value = Number(number.replace(",", "."));
    const label = (quoted?.replaceAll("''", "'") ?? plain ?? "").slice(0, 100);
    if (Number.isFinite(value) && performance.length < PERFORMANCE_MAX) performance.push({ label, value, unit });
  }
  return { text, performance };
}
