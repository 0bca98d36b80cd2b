import { expect, test } from "vitest";
import { formatValue } from "./render.ts";

test.for<[value: number, unit: string, text: string]>([
  [0.9234, "%", "92.3%"],
  [1, "%", "100%"],
  [0.0049, "%", "0.49%"],
  [1536, "By", "1.5 KiB"],
  [3.2e9, "By", "2.98 GiB"],
  [2.5e6, "By/s", "2.38 MiB/s"],
  [0.02, "s", "20 ms"],
  [0.00002, "s", "20 µs"],
  [1.5, "s", "1.5 s"],
  [75, "s", "1m15s"],
  [5400, "s", "1h30m"],
  [-90_000, "s", "-1d1h"],
  [12, "{process}", "12"],
  [1234.567, "1", "1235"],
  [0.001234, "", "0.00123"],
  [95.4, "Cel", "95.4 °C"],
  [5, "1/s", "5/s"],
  [200, "bit", "200 bit"],
  [0, "", "0"],
  [Number.NaN, "By", "no value"],
])("%s %s is %s", ([value, unit, text]) => {
  expect(formatValue(value, unit)).toBe(text);
});
