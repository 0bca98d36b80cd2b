/**
 * The text format 0.0.4 as OpenMetrics 1.0: metadata of counters has no suffix, nothing stands between families, quotes in help
 * are escaped, and an end is said. Samples are the same in both.
 */
export function openMetricsOf(text: string): string {
  const lines: string[] = [];
  // A counter without its suffix is none there.
  const oddCounters = new Set(Array.from(text.matchAll(/^# TYPE (\S+(?<!_total)) counter$/gm), ([, name]) => name));
  const counters = new Set(Array.from(text.matchAll(/^# TYPE (\S+_total) counter$/gm), ([, name]) => name));
  for (const line of text.split("\n")) {
    if (line === "") continue;
    const [, keyword = "", name = "", rest = ""] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (keyword === "") {
      lines.push(line);
      continue;
    }
    const family = counters.has(name) ? name.slice(0, -"_total".length) : name;
    const said = keyword === "HELP" ? rest.replaceAll('"', '\\"') : oddCounters.has(name) ? "unknown" : rest;
    lines.push(`# ${keyword} ${family} ${said}`);
  }
  return `${lines.join("\n")}\n# EOF\n`;
}
