import { expect, test } from "vitest";
import type { Incident } from "../model/incident.ts";
import { Strays } from "./strays.ts";

const MINUTE = 60_000;
const incident = (...cis: string[]): Incident => ({ members: cis.map((ci) => ({ ci })) }) as unknown as Incident;

test("an alarm a minute for hours is a rate of about one a minute", () => {
  const strays = new Strays();
  for (let at = 0; at < 240; at += 1) strays.ended(incident(`host-${at}`), at * MINUTE);
  expect(strays.rate(240 * MINUTE) * MINUTE).toBeGreaterThan(0.9);
  expect(strays.rate(240 * MINUTE) * MINUTE).toBeLessThan(1.1);
});

test("it is forgotten when nothing strays any more", () => {
  const strays = new Strays();
  for (let at = 0; at < 60; at += 1) strays.ended(incident("host-1"), at * MINUTE);
  expect(strays.rate(6 * 60 * MINUTE)).toBeLessThan(strays.rate(60 * MINUTE) / 100);
});

test("what ends in an incident of many CIs was a fault, no stray", () => {
  const strays = new Strays();
  strays.ended(incident("a", "b", "c"), MINUTE);
  strays.ended(undefined, MINUTE);
  expect(strays.rate(MINUTE)).toBe(0);
});

test("it outlives a restart", () => {
  const strays = new Strays();
  for (let at = 0; at < 60; at += 1) strays.ended(incident("host-1"), at * MINUTE);
  const again = new Strays();
  again.restore(structuredClone(strays.takeChanged()));
  expect(again.rate(60 * MINUTE)).toBe(strays.rate(60 * MINUTE));
  expect(strays.takeChanged()).toEqual([]);
});
