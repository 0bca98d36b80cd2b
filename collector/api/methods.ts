/** Which methods a path has, to tell 405 from 404. Only asked for requests that no route takes. */
export class MethodTable {
  private readonly patterns: { parts: string[]; method: string }[] = [];

  add(url: string, method: string): void {
    this.patterns.push({ parts: url.split("/"), method });
  }

  /** Sorted; empty for a path that no method has. */
  of(path: string): string[] {
    const plain = path.split("?", 1)[0]!.replace(/\/{2,}/g, "/");
    const parts = (plain.length > 1 ? plain.replace(/\/$/, "") : plain).split("/");
    const found = this.patterns.filter((pattern) => matches(pattern.parts, parts)).map(({ method }) => method);
    return [...new Set(found)].sort();
  }
}

function matches(pattern: readonly string[], path: readonly string[]): boolean {
  for (const [index, part] of pattern.entries()) {
    if (part === "*") return true;
    const actual = path[index];
    if (actual === undefined) return false;
    if (part.startsWith(":") ? actual === "" : part !== actual) return false;
  }
  return pattern.length === path.length;
}
