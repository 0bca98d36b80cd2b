import type { Severity } from "../../core/model/severity.ts";
import { ciFromLabels, DEFAULT_CI_LABELS, type IsKnownCi, pickCi } from "../ci-label.ts";
import { at, entryOf, linkTo, listOf, textAt } from "../field.ts";
import { detailsOf, type PagerDutyEvent, type Reading, withoutState } from "./event.ts";

export const OPSGENIE_SOURCE = "opsgenie";

/** P1–P5; P3 where nothing is said. */
const SEVERITIES: Readonly<Record<string, Severity>> = {
  P1: "critical",
  P2: "major",
  P3: "minor",
  P4: "warning",
  P5: "info",
};

/** What a priority means; undefined for a word that is none. */
export const severityOf = (priority: unknown): Severity | undefined => entryOf(SEVERITIES, textAt(priority));

/** A body of `POST /v2/alerts`. Only `message` is required. */
export function readAlert(
  body: unknown,
  isKnown: IsKnownCi,
): Reading<{ alias: string | undefined; alert: PagerDutyEvent["alert"] }> {
  const message = textAt(at(body, "message"));
  if (message === undefined) return { ok: false, errors: ["message: must not be empty"] };
  const details = detailsOf(at(body, "details"));
  const { ci, host } = details;
  const alias = textAt(at(body, "alias"), 512);
  // Alertmanager and Grafana send the labels as details, and as source the address of their own page.
  const alerted = ciFromLabels(details, DEFAULT_CI_LABELS, isKnown)?.ci;
  const source = textAt(at(body, "source"), 256);
  const names = [textAt(at(body, "entity")), host, alerted, source?.includes("://") === true ? undefined : source];
  const description = textAt(at(body, "description"), 4096);
  const tags = listOf(at(body, "tags")).flatMap((tag) => textAt(tag, 50) ?? []);
  return {
    ok: true,
    value: {
      alias,
      alert: {
        source: OPSGENIE_SOURCE,
        // What nobody names is told apart by its alias or its text: it is not all one CI.
        ci:
          ci ??
          pickCi(
            [...names, alias ?? message].map((name) => name?.slice(0, 256)),
            isKnown,
          ),
        check: details["alertname"] ?? details["check"] ?? "alert",
        severity: severityOf(at(body, "priority")) ?? "minor",
        summary: withoutState(message),
        labels: tags.length === 0 ? {} : { tags: tags.slice(0, 20).join(",") },
        annotations: description === undefined ? details : { ...details, description },
        links: linkTo(source, "source"),
      },
    },
  };
}
