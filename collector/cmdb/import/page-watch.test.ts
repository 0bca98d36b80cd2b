import { expect, test } from "vitest";
import { PageWatch } from "./page-watch.ts";

test.for<
  [situation: string, pages: readonly (readonly [rows: readonly unknown[], next?: string])[], fault: string | null]
>([
  ["pages that differ", [[[1]], [[2]], [[3]]], null],
  ["empty pages", [[[]], [[1]], [[]], [[]]], null],
  ["the page before", [[[1]], [[2]], [[2]]], "page 3 of hosts is as page 2"],
  ["an earlier page", [[[1]], [[2]], [[1]]], "page 3 of hosts is as page 1"],
  [
    "other rows that lead to where they came from",
    [
      [[1], "b"],
      [[2], "c"],
      [[3], "b"],
    ],
    "page 3 of hosts is as page 1",
  ],
  [
    "nothing that leads on and on",
    [
      [[], "b"],
      [[], "c"],
      [[], "d"],
    ],
    null,
  ],
  ["more pages than anybody has", [[[1]], [[2]], [[3]], [[4]], [[5]]], "the source has no end: after 4 pages of hosts"],
])("%s", ([, pages, fault]) => {
  const watch = new PageWatch("hosts", 4);
  const read = (): void => {
    for (const [rows, next] of pages) watch.take(rows, next);
  };
  if (fault === null) expect(read).not.toThrow();
  else expect(read).toThrow(fault);
});

test("who starts over may see pages again, and has no more of them for that", () => {
  const watch = new PageWatch("hosts", 2);
  watch.take([1]);
  watch.startOver();
  watch.take([1]);
  watch.startOver();
  expect(() => watch.take([1])).toThrow("the source has no end");
});
