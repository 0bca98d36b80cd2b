import type { Severity } from "../../core/model/severity.ts";
import { type IsKnownCi, pickCi } from "../ci-label.ts";
import { at, listOf, textAt } from "../field.ts";
import { detailsOf, type PagerDutyEvent, type Reading } from "./event.ts";

export const OPSGENIE_SOURCE = "opsgenie";

/** P1–P5; P3 where nothing is said. */
const SEVERITIES: Readonly<Record<string, Severity>> = {
  P1: "critical",
  P2: "major",
  P3: "minor",
  P4: "warning",
  P5: "info",
};

/** A body of `POST /v2/alerts`. Only `message` is required. */
export function readAlert(
  body: unknown,
  isKnown: IsKnownCi,
): Reading<{ alias: string | undefined; alert: PagerDutyEvent["alert"] }> {
  const message = textAt(at(body, "message"));
  if (message === undefined) return { ok: false, errors: ["message: must not be empty"] };
  const details = detailsOf(at(body, "details"));
  const { ci, host, instance } = details;
  const description = textAt(at(body, "description"), 4096);
  const tags = listOf(at(body, "tags")).flatMap((tag) => textAt(tag, 50) ?? []);
  return {
    ok: true,
    value: {
      alias: textAt(at(body, "alias"), 512),
      alert: {
        source: OPSGENIE_SOURCE,
        ci: ci ?? pickCi([textAt(at(body, "entity")), host, instance, textAt(at(body, "source"))], isKnown),
        check: details["alertname"] ?? details["check"] ?? "alert",
        severity: SEVERITIES[textAt(at(body, "priority")) ?? "P3"] ?? "minor",
        summary: message,
        labels: tags.length === 0 ? {} : { tags: tags.slice(0, 20).join(",") },
        annotations: description === undefined ? details : { ...details, description },
        links: [],
      },
    },
  };
}
