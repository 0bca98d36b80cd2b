import { createHash } from "node:crypto";
import { ForeignFault } from "./foreign-api.ts";

/** Tens of millions of objects of one kind, in pages of a thousand: nobody's CMDB has as many. */
const PAGES_MAX = 100_000;

/**
 * Reading one list page by page has an end also where the source always says that there is more: a page that came already
 * tells that it goes round in a circle.
 */
export class PageWatch {
  private readonly list: string;
  private readonly pagesMax: number;
  private pages = 0;
  /** Digests of pages, each with the number of its page. */
  private readonly seen = new Map<string, number>();

  /** @param list as the operator knows it: path, table or type */
  constructor(list: string, pagesMax: number = PAGES_MAX) {
    this.list = list;
    this.pagesMax = pagesMax;
  }

  /**
   * A page came. Throws `ForeignFault` where it came before, or there are too many. An empty one may come again: some sources
   * take out what the user may not see after they have cut the pages.
   *
   * @param next where the source says that it goes on, where it says that: to go there twice is a circle, too
   */
  take(rows: readonly unknown[], next?: string): void {
    this.pages += 1;
    if (this.pages > this.pagesMax)
      throw new ForeignFault(
        `the source has no end: after ${this.pagesMax} pages of ${this.list} it says that there is more`,
      );
    if (rows.length > 0) this.mark(`rows ${digest(rows)}`);
    if (next !== undefined) this.mark(`next ${digest(next)}`);
  }

  /** From here on pages that came already may come once more. */
  startOver(): void {
    this.seen.clear();
  }

  private mark(key: string): void {
    const before = this.seen.get(key);
    if (before !== undefined)
      throw new ForeignFault(`the source repeats itself: page ${this.pages} of ${this.list} is as page ${before}`);
    this.seen.set(key, this.pages);
  }
}

function digest(value: unknown): string {
  return createHash("sha256").update(JSON.stringify(value)).digest("base64");
}
