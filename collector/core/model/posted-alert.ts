import type { Alert } from "./alert.ts";

/** The source of everything that comes as an Alertmanager alert, by API or by webhook: its labels are shown as sent. */
export const ALERTMANAGER = "alertmanager";

/** The fingerprint at the end of the instance of such an alert; undefined where there is none. */
export function fingerprintOfInstance(instance: string): string | undefined {
  const print = instance.slice(-16);
  return /^[0-9a-f]{16}$/.test(print) ? print : undefined;
}

/** Whether it came as an Alertmanager alert: its labels are all that it has, and one that is missing is empty. */
export function isPosted(alert: Readonly<Pick<Alert, "source" | "instance">>): boolean {
  return alert.source === ALERTMANAGER && fingerprintOfInstance(alert.instance) !== undefined;
}
