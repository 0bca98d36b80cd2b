/** Where in the decoded data: keys and indexes from the root. */
export type DataPath = readonly (string | number)[];

/** A mistake before its place in the text is known; see `Problems.locate`. */
export interface Problem {
  severity: "error" | "warning";
  code: string;
  path: DataPath;
  /** Point at the key itself rather than at its value. */
  part: "key" | "value";
  message: string;
  hint: string;
}

/** More of one code than this in one file are counted, not listed: nobody reads the five-hundredth dangling relation. */
export const SAME_CODE_MAX = 50;

/** Names from the file stand in messages, and messages on terminals. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, "\uFFFD");

/** Collects the mistakes of one file; the positions are looked up once, at the end, because that is the costly part. */
export class Problems {
  private readonly list: Problem[] = [];
  private readonly counts = new Map<string, number>();

  error(code: string, path: DataPath, message: string, hint = "", part: Problem["part"] = "value"): void {
    this.add({ severity: "error", code, path, part, message, hint });
  }

  warning(code: string, path: DataPath, message: string, hint = "", part: Problem["part"] = "value"): void {
    this.add({ severity: "warning", code, path, part, message, hint });
  }

  /** Takes over what another collection found, at the place where it stands here. */
  addAt(path: DataPath, problem: Problem): void {
    this.add({ ...problem, path });
  }

  get hasErrors(): boolean {
    return this.list.some((problem) => problem.severity === "error");
  }

  /** At most `SAME_CODE_MAX` of each code, the last of them saying how many more there are. */
  all(): Problem[] {
    const seen = new Map<string, number>();
    return this.list.map((problem) => {
      const nth = (seen.get(problem.code) ?? 0) + 1;
      seen.set(problem.code, nth);
      const more = (this.counts.get(problem.code) ?? 0) - SAME_CODE_MAX;
      if (nth < SAME_CODE_MAX || more <= 0) return problem;
      return { ...problem, message: `${problem.message} (and ${more} more like this)` };
    });
  }

  private add(problem: Problem): void {
    const count = (this.counts.get(problem.code) ?? 0) + 1;
    this.counts.set(problem.code, count);
    if (count <= SAME_CODE_MAX)
      this.list.push({ ...problem, message: printable(problem.message), hint: printable(problem.hint) });
  }
}
