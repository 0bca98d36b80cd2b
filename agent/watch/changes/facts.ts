/** What is so on this host now, by name: package → version, port → "listening", user → id and shell. */
export type Facts = Readonly<Record<string, string>>;

/** One kind of fact whose changes are worth an event. */
export interface FactSource {
  /** Stable; names its state file. */
  readonly name: string;
  /** The event's `check`: `package_changed`. */
  readonly check: string;
  /** For the summary: `package`, plural by `s`. */
  readonly noun: string;
  /** Cheap; while it is the same, the facts are not read. null = there is nothing of the kind on this host. */
  fingerprint(): string | null;
  read(): Facts | Promise<Facts>;
  /** Where "3 packages changed: …" is not how one would say it. */
  summarize?(changes: readonly FactChange[]): string;
  /** They come and go by themselves in short: only what is so at two looks in a row counts. */
  readonly settles: boolean;
}

export interface FactChange {
  name: string;
  /** null = it was not there. */
  before: string | null;
  /** null = it is gone. */
  after: string | null;
}

/** Sorted by name. */
export function diffFacts(before: Facts, after: Facts): FactChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return names.flatMap((name) => {
    const [was, is] = [own(before, name), own(after, name)];
    return was === is ? [] : [{ name, before: was, after: is }];
  });
}

function own(facts: Facts, name: string): string | null {
  return Object.hasOwn(facts, name) ? (facts[name] ?? null) : null;
}

const SHOWN_IN_SUMMARY = 3;

/** `3 packages changed: curl 7.88 → 7.89, nginx new (1.24), telnet gone`. */
export function summarize(noun: string, changes: readonly FactChange[]): string {
  const shown = changes.slice(0, SHOWN_IN_SUMMARY).map(describe);
  const more = changes.length > SHOWN_IN_SUMMARY ? ", …" : "";
  if (changes.length === 1) return `${noun} changed: ${shown[0]}`;
  return `${changes.length} ${noun}s changed: ${shown.join(", ")}${more}`;
}

/** All of them, a line each, as far as they fit. */
export function detail(changes: readonly FactChange[], charactersMax: number): string {
  let text = "";
  for (const [index, change] of changes.entries()) {
    const line = `${describe(change)}\n`;
    if (text.length + line.length > charactersMax) return `${text}and ${changes.length - index} more`;
    text += line;
  }
  return text.trimEnd();
}

function describe({ name, before, after }: FactChange): string {
  if (before === null) return after === "" ? `${name} new` : `${name} new (${after})`;
  return after === null ? `${name} gone` : `${name} ${before} → ${after}`;
}
