import { Baseline, BaselineMemory } from "../../rules/detect/baseline.ts";
import { hourlySeries } from "../support/hourly-series.ts";

const START = Date.UTC(2015, 6, 1);
const HOUR_MS = 3_600_000;

/** Means over the series, of 48 hours ahead. MASE: 1 = as the seasonal naive forecast did inside the history. */
export interface ForecastErrors {
  series: number;
  mase: { ours: number; naiveDay: number; naiveWeek: number };
  smapePercent: { ours: number; naiveDay: number; naiveWeek: number };
}

/** The baseline's forecast beside "as yesterday" (M4's seasonal naive) and "as a week ago". */
export function forecastErrors(count: number): ForecastErrors {
  const mase = { ours: 0, naiveDay: 0, naiveWeek: 0 };
  const smapePercent = { ours: 0, naiveDay: 0, naiveWeek: 0 };
  for (let seed = 1; seed <= count; seed += 1) {
    const { history, future } = hourlySeries(seed);
    const baseline = new Baseline(new BaselineMemory());
    history.forEach((value, hour) => baseline.push(value, START + hour * HOUR_MS));
    const scale =
      history.slice(24).reduce((sum, value, hour) => sum + Math.abs(value - (history[hour] as number)), 0) /
      (history.length - 24);
    future.forEach((actual, ahead) => {
      const guesses = {
        ours: baseline.forecast(START + (history.length + ahead) * HOUR_MS) ?? Number.NaN,
        naiveDay: history[history.length - 24 + (ahead % 24)] as number,
        naiveWeek: history[history.length - 168 + ahead] as number,
      };
      for (const name of ["ours", "naiveDay", "naiveWeek"] as const) {
        const error = Math.abs(actual - guesses[name]);
        mase[name] += error / scale / future.length / count;
        smapePercent[name] += (200 * error) / (Math.abs(actual) + Math.abs(guesses[name])) / future.length / count;
      }
    });
  }
  return { series: count, mase, smapePercent };
}
