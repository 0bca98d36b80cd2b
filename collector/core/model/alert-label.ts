import type { Alert } from "./alert.ts";
import { isPosted } from "./posted-alert.ts";

/** What of an alert, or of its place in an incident, matchers look at. */
export type Labelled = Readonly<Pick<Alert, "labels" | "ci" | "source" | "check" | "instance" | "severity">>;

/** A label of the alert as matchers see it: its own labels, then the pseudo labels; "" where there is none. */
export function alertLabel(alert: Labelled, name: string): string {
  const own = alert.labels[name];
  if (own !== undefined) return own;
  switch (name) {
    // Alertmanager's clients write matchers for the labels that they are shown. An alert that came as theirs and lacks one of
    // these three means something by it: what we call it stands in for none of them.
    case "alertname":
      return isPosted(alert) ? "" : alert.check;
    case "severity":
      return isPosted(alert) ? "" : alert.severity;
    case "instance":
      return isPosted(alert) || alert.labels["alertname"] !== undefined ? "" : alert.instance;
    case "ci":
    case "source":
    case "check":
      return alert[name];
    default:
      return "";
  }
}
