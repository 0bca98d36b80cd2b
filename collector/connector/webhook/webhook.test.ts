import { expect, test } from "vitest";
import { sampleAlert, sampleIncident, sampleNotification } from "../../../test/support/sample-notification.ts";
import { Secret } from "../../port/secret.ts";
import { webhook, webhookBody } from "./webhook.ts";

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
  const settings = { url: "https://x.example/", secret: new Secret("whsec_%%%"), timeout: 15_000 };
  expect(webhook.check?.(settings).map(({ key }) => key)).toEqual(["secret"]);
  expect(webhook.targets?.(settings)).toEqual(["x.example"]);
});
