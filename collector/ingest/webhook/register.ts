import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { type IngestPorts, Refusal, type RouteConfig } from "../../port/ingest.ts";
import type { Outgoing } from "../../port/outgoing.ts";
import { bytesOf } from "../body.ts";
import { type CiLabelOptions, DEFAULT_CI_LABELS } from "../ci-label.ts";
import { OpenAlerts } from "../open-alerts.ts";
import { type Identify, senderOf } from "../sender-key.ts";
import { countDropped, submitEvents } from "../submit.ts";
import { genericKind } from "./generic/kind.ts";
import type { GenericMapping } from "./generic/mapping.ts";
import { KINDS, SNS_KINDS } from "./kinds.ts";
import { Sns } from "./sns/sns.ts";
import { type MapContext, type Mapped, type WebhookKind, type WebhookMessage, webhookMessage } from "./webhook-kind.ts";

const ADAPTER = "webhook";

export interface WebhookOptions {
  /** Finds whose token a secret is that stands in the path, the query or the body. */
  identify: Identify;
  ciLabels?: CiLabelOptions;
  /** Secrets by kind: a message that is signed with one of them needs no token. Several while one is being replaced. */
  secrets?: Readonly<Record<string, readonly string[]>>;
  /** Webhooks that the configuration describes, by name; the names of the built-in kinds are taken. */
  mappings?: Readonly<Record<string, GenericMapping>>;
  /** For SNS's certificates and confirmations. */
  outgoing: Pick<Outgoing, "send">;
  snsTopics?: readonly string[];
}

/** Tokens may stand in the path, so the server lets everyone in and this adapter decides. */
const WEBHOOK: RouteConfig = { roles: ["public"], body: "bytes" };

/** `POST /webhooks/:kind`, with a token in a header, as `/webhooks/:kind/:token` or `?token=`, or with a signature. */
export function registerWebhooks(app: FastifyInstance, ports: IngestPorts, options: WebhookOptions): void {
  const desk = new WebhookDesk(ports, options);
  for (const url of ["/webhooks/:kind", "/webhooks/:kind/:token"]) {
    app.route({
      method: ["POST", "PUT"],
      url,
      config: WEBHOOK,
      handler: (request, reply) => desk.take(request, reply),
    });
    app.route({
      method: "OPTIONS",
      url,
      config: WEBHOOK,
      handler: (request, reply) => desk.shakeHands(request, reply),
    });
  }
}

class WebhookDesk {
  private readonly ports: IngestPorts;
  private readonly options: WebhookOptions;
  private readonly kinds: ReadonlyMap<string, WebhookKind>;
  private readonly open = new Map<string, OpenAlerts>();
  private readonly sns: Sns;

  constructor(ports: IngestPorts, options: WebhookOptions) {
    this.ports = ports;
    this.options = options;
    const configured = Object.entries(options.mappings ?? {}).map(([name, mapping]) => genericKind(name, mapping));
    this.kinds = new Map([...configured, ...KINDS].map((kind) => [kind.name, kind]));
    this.sns = new Sns({ outgoing: options.outgoing, clock: ports.clock, topics: options.snsTopics ?? [] });
    for (const { name, keyLabel } of KINDS)
      if (keyLabel !== undefined)
        this.open.set(
          name,
          new OpenAlerts(ports, (alert) => (alert.source === name ? alert.labels[keyLabel] : undefined)),
        );
  }

  async take(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { kind: name } = request.params as { kind: string };
    const message = webhookMessage(request.headers, bytesOf(request.body));
    const isSns = SNS_KINDS.includes(name);
    const kind = this.kinds.get(name);
    if (kind === undefined && !isSns) throw this.unknownKind(name);
    this.admit(request, message, name, kind);
    const context = this.context(kind);
    const mapped = kind === undefined ? await this.sns.take(message, context) : kind.map(message, context);
    await this.submit(name, kind, mapped);
    for (const [reason, count] of Object.entries(mapped.dropped ?? {}))
      countDropped(this.ports, `${ADAPTER}.${this.label(name)}`, reason, count);
    return answer(reply, mapped);
  }

  /** CloudEvents' abuse protection: a sender asks first whether it may. The token still decides about each message. */
  shakeHands(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const origin = request.headers["webhook-request-origin"];
    if (typeof origin === "string")
      void reply.header("webhook-allowed-origin", origin).header("webhook-allowed-rate", "*");
    return reply.code(204).header("allow", "POST, PUT, OPTIONS").send();
  }

  /** A signature, a topic that is named in the configuration, or a token. */
  private admit(request: FastifyRequest, message: WebhookMessage, name: string, kind: WebhookKind | undefined): void {
    const secrets = this.options.secrets?.[name] ?? [];
    if (secrets.length > 0) {
      if (kind?.isSigned?.(message, secrets, this.ports.clock.now()) === true) return;
      throw new Refusal(401, "badSignature", "the signature is missing or not made with the configured secret");
    }
    if (kind === undefined && this.sns.isTrustedTopic(message)) return;
    const { token } = request.params as { token?: string };
    const asked = (request.query as { token?: unknown }).token;
    senderOf(request, this.options.identify, [
      token,
      typeof asked === "string" ? asked : undefined,
      ...(kind?.secretsIn?.(message) ?? []),
    ]);
  }

  private context(kind: WebhookKind | undefined): MapContext {
    const open = this.open.get(kind?.name ?? "");
    return {
      now: this.ports.clock.now(),
      isKnownCi: (name) => this.ports.query.ci(name)?.known === true,
      ciLabels: this.options.ciLabels ?? DEFAULT_CI_LABELS,
      openAlert: (key) => open?.find(key),
    };
  }

  private async submit(name: string, kind: WebhookKind | undefined, mapped: Mapped): Promise<void> {
    const open = this.open.get(name);
    for (const event of mapped.events) {
      const key = kind?.keyLabel === undefined ? undefined : event.labels[kind.keyLabel];
      if (key !== undefined && event.status === "firing") open?.remember(key, event);
    }
    await submitEvents(this.ports, `${ADAPTER}.${this.label(name)}`, mapped.events);
  }

  /** Names from the configuration are no closed list, and label no metric. */
  private label(name: string): string {
    return KINDS.some((kind) => kind.name === name) || SNS_KINDS.includes(name) ? name : "generic";
  }

  private unknownKind(name: string): Refusal {
    const known = [...this.kinds.keys(), ...SNS_KINDS].sort();
    return new Refusal(404, "unknownKind", `there is no webhook ${JSON.stringify(name.slice(0, 60))}`, {
      details: { known },
    });
  }
}

function answer(reply: FastifyReply, mapped: Mapped): FastifyReply {
  if (mapped.answer !== undefined)
    return reply.code(mapped.answer.status).type(mapped.answer.contentType).send(mapped.answer.body);
  const dropped = Object.fromEntries(Object.entries(mapped.dropped ?? {}).filter(([, count]) => count > 0));
  return reply
    .code(202)
    .type("application/json; charset=utf-8")
    .send(JSON.stringify({ accepted: mapped.events.length, dropped }));
}
