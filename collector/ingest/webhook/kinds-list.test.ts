import { expect, test } from "vitest";
import { WEBHOOK_KINDS } from "../../port/ingest-config.ts";
import { KINDS, SNS_KINDS } from "./kinds.ts";

test("the configuration knows exactly the kinds that there are", () => {
  expect([...WEBHOOK_KINDS].sort()).toEqual([...KINDS.map(({ name }) => name), ...SNS_KINDS].sort());
});
