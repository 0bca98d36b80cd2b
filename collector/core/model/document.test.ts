import { expect, test } from "vitest";
import { CoreDriver, minutes } from "../../../test/support/core-driver.ts";
import { alertDocument } from "./document.ts";

test("an alert's runbook goes with it into its own document and into what people are told", () => {
  const core = new CoreDriver();
  const href = "https://runbooks.example.net/disk";
  core.event({
    links: [
      { href: "https://p.example.net/graph", text: "generator" },
      { href, text: "runbook" },
    ],
  });
  core.to(minutes(2));
  const alert = core.alert();
  expect(alert === undefined ? undefined : alertDocument(alert).runbook).toBe(href);
  expect(core.notifications()[0]?.document.alerts[0]?.runbook).toBe(href);
});

test("an alert without one has no such key", () => {
  const core = new CoreDriver();
  core.event();
  core.to(minutes(2));
  expect(core.notifications()[0]?.document.alerts[0]).not.toHaveProperty("runbook");
});
