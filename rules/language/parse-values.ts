import { parseQuantity } from "./quantity.ts";
import { TEST_SAMPLES_MAX } from "./pack-test.ts";

const ITEM = /^(?:(gap)|([+]?)(\S+?)(?: to (\S+))?)(?: x(\d{1,6}))?$/;

/**
 * Reads a test's timeline: `80% x10, 86% to 96% x5, gap x3, +4 x20`. `V xN` = N times V; `V to W xN` = N values in a
 * straight line; `+D xN` = N values, each D more than the one before (counters); `gap xN` = N samples missing.
 */
export function parseValues(text: string): { values: (number | null)[] } | { error: string } {
  const values: (number | null)[] = [];
  let last = 0;
  for (const item of text.split(",")) {
    const match = ITEM.exec(item.trim());
    if (match === null) return { error: `${JSON.stringify(item.trim())} is not a part of a timeline` };
    const [, gap, step, firstText, lastText, countText] = match;
    const count = Number(countText ?? 1);
    if (values.length + count > TEST_SAMPLES_MAX) return { error: `more than ${TEST_SAMPLES_MAX} samples` };
    if (gap !== undefined) {
      for (let index = 0; index < count; index += 1) values.push(null);
      continue;
    }
    const first = parseQuantity(firstText ?? "");
    const end = lastText === undefined ? first : parseQuantity(lastText);
    if (first === undefined || end === undefined) return { error: `${JSON.stringify(item.trim())} holds no number` };
    for (let index = 0; index < count; index += 1) {
      if (step === "+") last += first.value;
      else last = first.value + ((end.value - first.value) * index) / Math.max(1, count - 1);
      values.push(last);
    }
  }
  return { values };
}
