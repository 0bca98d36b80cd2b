import { expect, test } from "vitest";
import { type Said, SharedTexts } from "./shared-texts.ts";

/** An alert with texts of its own, as a reader makes them from bytes. */
function alertOf(number: number, runbook = "https://runbooks.example.net/latency"): Said {
  const own = (text: string): string => Buffer.from(text).toString();
  return {
    source: own("alertmanager"),
    check: own("HighLatency"),
    instance: own(`eth${number}`),
    summary: own(`Latency on web-${number}`),
    labels: { team: own("web"), instance: own(`web-${number}`) },
    annotations: { summary: own(`Latency on web-${number}`), runbook: own(runbook) },
    links: [{ href: own(runbook), text: "runbook" }],
  };
}

test("what an alert says is not changed by sharing it", () => {
  const texts = new SharedTexts();
  for (let number = 0; number < 100; number += 1) {
    const alert = alertOf(number);
    texts.share(alert);
    expect(alert).toEqual(alertOf(number));
  }
});

test("alerts that lead to the same places have one list of links", () => {
  const texts = new SharedTexts();
  const [first, second, other] = [alertOf(1), alertOf(2), alertOf(3, "https://runbooks.example.net/disk")];
  for (const alert of [first, second, other]) texts.share(alert);
  expect(second.links).toBe(first.links);
  expect(other.links).not.toBe(first.links);
});

test("alerts with the same labels, in the same order, have one set of them; others have their own", () => {
  const texts = new SharedTexts();
  const own = (labels: Record<string, string>): Said => ({ ...alertOf(1), labels });
  const [first, second] = [own({ team: "web", env: "prod" }), own({ team: "web", env: "prod" })];
  const others = [
    own({ env: "prod", team: "web" }),
    own({ team: "web" }),
    own({ team: "web", env: "prod", zone: "a" }),
    own({ team: "prod", env: "web" }),
    own({ team: "web", stage: "prod" }),
  ];
  for (const alert of [first, second]) texts.share(alert);
  expect(second.labels).toBe(first.labels);
  for (const alert of others) {
    const before = JSON.stringify(alert.labels);
    texts.share(first);
    texts.share(alert);
    expect(alert.labels).not.toBe(first.labels);
    expect(JSON.stringify(alert.labels)).toBe(before);
  }
});

test("alerts without annotations have none together", () => {
  const texts = new SharedTexts();
  const [first, second] = [1, 2].map((number) => ({ ...alertOf(number), annotations: {} }));
  for (const alert of [first, second]) if (alert !== undefined) texts.share(alert);
  expect(second?.annotations).toBe(first?.annotations);
  expect(second?.annotations).toEqual({});
});

test("labels that may not be changed stay as they are", () => {
  const texts = new SharedTexts();
  const alert = alertOf(1);
  const labels = Object.freeze({ team: "web" });
  texts.share({ ...alert, labels });
  expect(labels).toEqual({ team: "web" });
});

test("a text that is longer than a page is nobody's", () => {
  const texts = new SharedTexts();
  const long = `https://runbooks.example.net/${"x".repeat(2000)}`;
  const [first, second] = [alertOf(1, long), alertOf(2, long)];
  texts.share(first);
  texts.share(second);
  expect(second.links).not.toBe(first.links);
});

test("the names of a series of rules do not take each other's place", () => {
  const texts = new SharedTexts();
  const named = Array.from({ length: 50 }, (_, number) => ({
    ...alertOf(1),
    links: Array.from({ length: 1 }, () => ({ href: `https://rules.example.net/HighLatency${number}`, text: "rule" })),
  }));
  const again = named.map((alert) => ({ ...alert, links: alert.links.map((link) => ({ ...link })) }));
  for (const alert of [...named, ...again]) texts.share(alert);
  expect(again.filter(({ links }, index) => links === named[index]?.links)).toHaveLength(50);
});
