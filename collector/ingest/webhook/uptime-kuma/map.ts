import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import type { Event } from "../../../core/model/event.ts";
import { anyTimeAt, at, cut, documentOf, labelsFrom, linkTo, textAt } from "../../field.ts";
import { parseJson } from "../../body.ts";
import { summaryOf } from "../../summary.ts";
import { type MapContext, type Mapped, notOfKind, type WebhookKind } from "../webhook-kind.ts";

/** Until the next distance at which it is told, and a day. */
const EXPIRY_HOLDS_MS = 8 * 86_400_000;

/** `[Shop][https://shop.example.net/] server certificate shop.example.net will expire in 7 days`; of domains without the address. */
const EXPIRY = /^\[([^\]]{1,200})\](?:\[([^\]]{1,1000})\])?\s?(.{1,300}?) will (?:expire|be expired) in (\d{1,4}) days/;

/** It is told at a few distances (21, 14 and 7 days by default), and its end never: it holds until it is renewed or gone. */
function expiryOf(text: string, context: MapContext): Event | undefined {
  const [, name, url, what = "", days] = EXPIRY.exec(text) ?? [];
  if (name === undefined) return undefined;
  return eventOfDraft(
    {
      source: "uptime-kuma",
      ci: pickCi([url, name], context.isKnownCi),
      check: /\bdomain\b/i.test(what) ? "domain_expiry" : "certificate_expiry",
      instance: cut(`${name} ${what}`, 256),
      status: "firing",
      severity: Number(days) <= 7 ? "major" : "warning",
      summary: `${name}: ${what} will expire in ${days} days`,
      labels: labelsFrom({ monitor: name }),
      links: linkTo(url, "target"),
      expiresAfterMs: EXPIRY_HOLDS_MS,
    },
    context.now,
  );
}

/** Uptime Kuma. 0 down, 1 up; 2 (still being tried) and 3 (maintenance) are no change. */
export const uptimeKuma: WebhookKind = {
  name: "uptime-kuma",
  map(message, context): Mapped {
    const field = message.form().get("data");
    const body = field === null ? message.json() : parseJson(field);
    const heartbeat = at(body, "heartbeat");
    const monitor = at(body, "monitor");
    // Its test button sends neither, and what expires is told in the text alone.
    if (heartbeat === null && monitor === null) {
      const event = expiryOf(textAt(at(body, "msg"), 2048) ?? "", context);
      return event === undefined ? { events: [], dropped: { test: 1 } } : { events: [event] };
    }
    const name = textAt(at(monitor, "name"), 200);
    if (documentOf(heartbeat) === undefined || name === undefined)
      throw notOfKind("uptime-kuma", "a heartbeat and a monitor with a name are expected");
    const status = at(heartbeat, "status");
    if (status !== 0 && status !== 1) return { events: [], dropped: { noChange: 1 } };
    const url = textAt(at(monitor, "url"), 1024);
    const target = url === "https://" || url === "http://" ? undefined : url;
    const event = eventOfDraft(
      {
        source: "uptime-kuma",
        ci: pickCi([textAt(at(monitor, "hostname")), target, name], context.isKnownCi),
        check: `uptime_${textAt(at(monitor, "type"), 40) ?? "check"}`,
        instance: name,
        status: status === 0 ? "firing" : "resolved",
        severity: "critical",
        summary: summaryOf(name, textAt(at(heartbeat, "msg"), 1024) ?? `${name} is ${status === 0 ? "down" : "up"}`),
        at: anyTimeAt(at(heartbeat, "time")),
        labels: labelsFrom({ monitor: name, monitor_id: at(monitor, "id") }),
        links: linkTo(target, "target"),
      },
      context.now,
    );
    return { events: [event] };
  },
};
