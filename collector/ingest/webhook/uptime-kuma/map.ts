import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, documentOf, labelsFrom, linkTo, textAt } from "../../field.ts";
import { parseJson } from "../../body.ts";
import { summaryOf } from "../../summary.ts";
import { type Mapped, notOfKind, type WebhookKind } from "../webhook-kind.ts";

/** Uptime Kuma. 0 down, 1 up; 2 (still being tried) and 3 (maintenance) are no change. */
export const uptimeKuma: WebhookKind = {
  name: "uptime-kuma",
  map(message, context): Mapped {
    const field = message.form().get("data");
    const body = field === null ? message.json() : parseJson(field);
    const heartbeat = at(body, "heartbeat");
    const monitor = at(body, "monitor");
    // Its test button sends neither.
    if (heartbeat === null && monitor === null) return { events: [], dropped: { test: 1 } };
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
