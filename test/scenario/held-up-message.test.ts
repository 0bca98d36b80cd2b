import { expect, test } from "vitest";
import { createCorrelator } from "../../collector/core/correlate/correlator.ts";
import { createRootRanker } from "../../collector/core/root-cause/ranker.ts";
import { eventOfDraft } from "../../collector/ingest/event-draft.ts";
import { CoreDriver, minutes } from "../support/core-driver.ts";

/** What webhooks, traps and logs tell is about now, whatever time stands in it: a queue held it up, or it is told again. */
test.each([0, 3, 4, 5, 30, 60 * 24 * 30])("a message that is %i min old pages within three minutes", (oldMinutes) => {
  const core = new CoreDriver({ correlator: createCorrelator(createRootRanker()) });
  core.to(minutes(10));
  const at = core.now - oldMinutes * 60_000;
  const draft = {
    source: "zabbix",
    ci: "db-1",
    check: "disk",
    severity: "critical",
    summary: "/var is full",
    at,
  } as const;
  core.event(eventOfDraft({ ...draft, status: "firing" }, core.now - 40));
  core.to(minutes(13));
  expect(core.told()).toBe("OPENED");
});
