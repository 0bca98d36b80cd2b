import type { Alert } from "./alert.ts";

/** A label of the alert as matchers see it: its own labels, then the pseudo labels; "" where there is none. */
export function alertLabel(alert: Readonly<Alert>, name: string): string {
  const own = alert.labels[name];
  if (own !== undefined) return own;
  switch (name) {
    // Alertmanager's name for a check: its clients write silences for the labels that they are shown.
    case "alertname":
      return alert.check;
    // Prometheus has a label of this name, and where its alert does not have it, that means something.
    case "instance":
      return alert.labels["alertname"] === undefined ? alert.instance : "";
    case "ci":
    case "source":
    case "check":
    case "severity":
      return alert[name];
    default:
      return "";
  }
}
