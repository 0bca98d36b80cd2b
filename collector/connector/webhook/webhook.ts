import type { Static } from "typebox";
import type { Notification } from "../../core/model/notification.ts";
import { duration, secret, url } from "../../port/config-schema.ts";
import { type ConnectorPorts, defineConnector, type Delivery, type DeliveryResult } from "../../port/connector.ts";
import { failureOfAnswer, failureOfCall } from "../http-result.ts";
import {
  type Escape,
  escapeJson,
  escapeMarkup,
  escapeNothing,
  MessageTemplate,
  scopeOf,
  templateProblem,
} from "../template.ts";
import { wordNotification } from "../wording.ts";
import { keyOf, signature } from "./signature.ts";
import { Type } from "../../port/type-builder.ts";

const WebhookSettings = Type.Object({
  url: url({ description: "Where messages are POSTed." }),
  secret: Type.Optional(
    secret({ description: "Signs each message (Standard Webhooks 1.0): `whsec_` and base64, or any text." }),
  ),
  previousSecret: Type.Optional(
    secret({ description: "While a new secret is being rolled out: messages are signed with both." }),
  ),
  authorization: Type.Optional(secret({ description: "Sent as the `Authorization` header, such as `Bearer …`." })),
  body: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 20_000,
      description:
        'Liquid template of the body, for programs that want their own: `{"text": "{{ wording.headline }}"}`. Values are escaped for JSON, XML or HTML as `contentType` says.',
    }),
  ),
  contentType: Type.String({
    default: "application/json",
    pattern: "^[\\w.+-]+/[\\w.+-]+(;\\s*[\\w.-]+=[\\w.-]+)*$",
    patternHint: "write application/json",
    description: "Of a body of your own.",
  }),
  timeout: duration({ default: "15s", least: "1s", most: "1m", description: "How long one attempt may take." }),
});
export type WebhookSettings = Static<typeof WebhookSettings>;

/** A receiver behind an ordinary proxy takes a megabyte; a message larger than this loses its least important alerts. */
const BODY_MAX_BYTES = 1024 * 1024;

/**
 * The body of the generic webhook. Equal for every attempt. Where an incident is too large, alerts are left out from the
 * end, the least important, and `alertsLeftOut` says how many.
 */
export function webhookBody(notification: Notification, sizeMaxBytes = BODY_MAX_BYTES): string {
  const { kind, page, idempotencyKey, document } = notification;
  const body = (alerts: number): string =>
    JSON.stringify({
      kind,
      page,
      idempotencyKey,
      incident: { ...document, alerts: document.alerts.slice(0, alerts) },
      ...(alerts < document.alerts.length ? { alertsLeftOut: document.alerts.length - alerts } : {}),
    });
  let alerts = document.alerts.length;
  let text = body(alerts);
  while (Buffer.byteLength(text) > sizeMaxBytes && alerts > 0) {
    alerts = Math.floor(alerts / 2);
    text = body(alerts);
  }
  return text;
}

/** Values must not break out of the document around them. */
function escapeFor(contentType: string): Escape {
  if (contentType.includes("json")) return escapeJson;
  return /xml|html/.test(contentType) ? escapeMarkup : escapeNothing;
}

function templateOf({ body, contentType }: WebhookSettings): MessageTemplate | undefined {
  return body === undefined ? undefined : new MessageTemplate(body, escapeFor(contentType));
}

async function deliver(
  settings: WebhookSettings,
  template: MessageTemplate | undefined,
  ports: ConnectorPorts,
  { notification, signal }: Delivery,
): Promise<DeliveryResult> {
  const { outgoing, clock } = ports;
  const id = notification.idempotencyKey;
  const timestampS = Math.floor(clock.now() / 1000);
  const rendered = template?.render(scopeOf(notification, wordNotification(notification, ports)));
  if (rendered?.status === "failed") return { status: "permanent", reason: "template", detail: rendered.detail };
  const body = rendered?.text ?? webhookBody(notification);
  const secrets = [settings.secret, settings.previousSecret].flatMap((one) => (one === undefined ? [] : one.reveal()));
  const result = await outgoing.send({
    method: "POST",
    url: settings.url,
    headers: {
      "content-type": template === undefined ? "application/json" : settings.contentType,
      "webhook-id": id,
      "webhook-timestamp": String(timestampS),
      ...(secrets.length === 0 ? {} : { "webhook-signature": signature(secrets, id, timestampS, body) }),
      ...(settings.authorization === undefined ? {} : { authorization: settings.authorization.reveal() }),
    },
    body,
    signal: AbortSignal.any([signal, AbortSignal.timeout(settings.timeout)]),
  });
  if (result.status === "failed") return failureOfCall(result);
  if (result.httpStatus >= 200 && result.httpStatus < 300) return { status: "success" };
  return failureOfAnswer(result, clock.now());
}

/** The generic webhook: any program that can take a signed POST. */
export const webhook = defineConnector({
  kind: "webhook",
  description: "A signed HTTP POST to any program (Standard Webhooks 1.0).",
  schema: WebhookSettings,
  check: (settings) => [
    ...[templateProblem("body", settings.body)].filter((problem) => problem !== undefined),
    ...(["secret", "previousSecret"] as const).flatMap((key) => {
      const given = settings[key];
      if (given === undefined || keyOf(given.reveal()) !== null) return [];
      return [
        {
          key,
          message: `"${key}" begins with whsec_ and is not base64 after it`,
          hint: "make a new one: echo whsec_$(openssl rand -base64 32)",
        },
      ];
    }),
  ],
  targets: (settings) => [new URL(settings.url).hostname],
  create: (settings, ports) => {
    const template = templateOf(settings);
    return { kind: "webhook", deliver: (delivery) => deliver(settings, template, ports, delivery) };
  },
});
