import { expect, test } from "vitest";
import { RecordingLog } from "../../../test/support/recording-ports.ts";
import {
  HOSTILE_TEXT,
  hostileNotification,
  sampleAlert,
  sampleIncident,
  sampleNotification,
} from "../../../test/support/sample-notification.ts";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import type { Outgoing, OutgoingRequest } from "../../port/outgoing.ts";
import { Secret } from "../../port/secret.ts";
import { webhook, webhookBody } from "./webhook.ts";

const SETTINGS = { url: "https://x.example/", contentType: "application/json", timeout: 15_000 };

/** What would be sent. */
async function sent(settings: Record<string, unknown>, notification = sampleNotification()) {
  const requests: OutgoingRequest[] = [];
  const outgoing: Outgoing = {
    send: (request) => {
      requests.push(request);
      return Promise.resolve({ status: "answered", httpStatus: 204, headers: {}, body: "", truncated: false });
    },
    vet: () => Promise.resolve({ status: "allowed", address: "192.0.2.1", family: 4 }),
    close: () => Promise.resolve(),
  };
  const ports = { outgoing, clock: new VirtualClock(), log: new RecordingLog(), externalUrl: null };
  const connector = webhook.create({ ...SETTINGS, ...settings }, ports);
  const result = await connector.deliver({
    notification,
    reference: undefined,
    attempt: 1,
    signal: new AbortController().signal,
  });
  return { result, request: requests[0] };
}

test("a body of one's own, escaped for what it is, and signed all the same", async () => {
  const body = '{"text": "{{ wording.headline }}", "owner": "{{ incident.owner }}", "id": "{{ incident.id }}"}';
  const { request } = await sent({ body, secret: new Secret("key") }, hostileNotification());
  expect(JSON.parse(request?.body ?? "")).toMatchObject({ owner: HOSTILE_TEXT, id: "inc-0123456789ab" });
  expect(request?.headers["webhook-signature"]).toMatch(/^v1,/);
  const xml = await sent({ body: "<a>{{ incident.title }}</a>", contentType: "text/xml" }, hostileNotification());
  expect(xml.request?.headers["content-type"]).toBe("text/xml");
  expect(xml.request?.body).not.toContain("<script>");
});

test("a body that cannot be made is a failure that says so, and one that cannot be read is told at load", async () => {
  const { result, request } = await sent({ body: "{% for i in (1..100000000) %}x{% endfor %}" });
  expect(result).toMatchObject({ status: "permanent", reason: "template" });
  expect(request).toBeUndefined();
  expect(webhook.check?.({ ...SETTINGS, body: "{{ x | nope }}" }).map(({ key }) => key)).toEqual(["body"]);
});

test("the body is what the design promises", () => {
  const notification = sampleNotification();
  expect(JSON.parse(webhookBody(notification))).toEqual({
    kind: "opened",
    page: true,
    idempotencyKey: notification.idempotencyKey,
    incident: notification.document,
  });
});

test("a body that is too large loses its last alerts and says how many", () => {
  const alerts = Array.from({ length: 100 }, (_, index) =>
    sampleAlert({ id: `a-${index}`, summary: "x".repeat(1000) }),
  );
  const notification = sampleNotification({ document: sampleIncident({ alerts }) });
  const text = webhookBody(notification, 50_000);
  const body = JSON.parse(text) as { incident: { alerts: { id: string }[] }; alertsLeftOut: number };
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(50_000);
  expect(body.incident.alerts[0]?.id).toBe("a-0");
  expect(body.incident.alerts.length + body.alertsLeftOut).toBe(100);
  expect(text).toBe(webhookBody(notification, 50_000));
});

test("a secret that is no Standard Webhooks secret is told at load", () => {
  const settings = { ...SETTINGS, secret: new Secret("whsec_%%%") };
  expect(webhook.check?.(settings).map(({ key }) => key)).toEqual(["secret"]);
  expect(webhook.targets?.(settings)).toEqual(["x.example"]);
});
