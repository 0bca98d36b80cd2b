import { expect, test } from "vitest";
import { CoreDriver, minutes } from "../../../test/support/core-driver.ts";

test("a word that nothing but time has brought about is of a revision of its own", () => {
  const core = new CoreDriver();
  core.event();
  core.to(minutes(2)).event({ status: "resolved" });
  // It is back soon, which is told; the page is for when it stays.
  core.to(minutes(5)).event();
  core.to(minutes(15));
  expect(core.told()).toBe("OPENED resolved reopened ESCALATED");
  const revisions = core.notifications().map(({ revision }) => revision);
  expect([...new Set(revisions)]).toEqual(revisions);
  expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
  expect(core.notifications().map(({ document }) => document.revision)).toEqual(revisions);
});
