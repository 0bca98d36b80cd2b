import { expect, test } from "vitest";
import { CoreDriver, minutes } from "../../../test/support/core-driver.ts";
import { alertDocument } from "./document.ts";

test.for(["runbook", "Runbook"])(
  "an alert's %s goes with it into its own document and into what people are told",
  (text) => {
    const core = new CoreDriver();
    const href = "https://runbooks.example.net/disk";
    core.event({
      links: [
        { href: "https://p.example.net/graph", text: "generator" },
        { href, text },
      ],
    });
    core.to(minutes(2));
    const alert = core.alert();
    expect(alert === undefined ? undefined : alertDocument(alert).runbook).toBe(href);
    expect(core.notifications()[0]?.document.alerts[0]?.runbook).toBe(href);
  },
);

test("the pages that a source names go with its alert, and with the first alerts of an incident", () => {
  const core = new CoreDriver();
  const links = (index: number) => [{ href: `https://p.example.net/graph/${index}`, text: "generator" }];
  for (let index = 0; index < 25; index += 1) core.event({ check: `disk ${index}`, links: links(index) });
  core.to(minutes(2));
  const alert = core.alert();
  expect(alert === undefined ? undefined : alertDocument(alert).links).toEqual(alert?.links);
  const shown = core.notifications()[0]?.document.alerts ?? [];
  expect(shown).toHaveLength(25);
  expect(shown[0]?.links?.[0]?.text).toBe("generator");
  expect(shown.filter((each) => each.links !== undefined)).toHaveLength(20);
});

test("an alert without one has no such key", () => {
  const core = new CoreDriver();
  core.event();
  core.to(minutes(2));
  const [shown] = core.notifications()[0]?.document.alerts ?? [];
  expect(shown).not.toHaveProperty("runbook");
  expect(shown).not.toHaveProperty("links");
});
