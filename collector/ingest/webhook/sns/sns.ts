import type { Event } from "../../../core/model/event.ts";
import type { Clock } from "../../../port/clock.ts";
import { Refusal } from "../../../port/ingest.ts";
import type { Outgoing } from "../../../port/outgoing.ts";
import { documentOf } from "../../field.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { type MapContext, type Mapped, notOfKind, type WebhookMessage } from "../webhook-kind.ts";
import { eventOfAlarm, isAlarm } from "./cloudwatch.ts";
import { CERTIFICATE_PATH, CONFIRM_PATH, isSignedBy, isSnsUrl, readEnvelope, type SnsEnvelope } from "./envelope.ts";

export interface SnsOptions {
  outgoing: Pick<Outgoing, "send">;
  clock: Clock;
  /** Topics that are taken; then their messages need no token. Empty: every topic, and the message needs a token. */
  topics: readonly string[];
}

const CERTIFICATES_MAX = 16;
const FETCH_TIMEOUT_MS = 10_000;

/** Amazon SNS, and the alarms of CloudWatch that come through it. Every message's signature is verified. */
export class Sns {
  private readonly options: SnsOptions;
  private readonly certificates = new Map<string, string>();

  constructor(options: SnsOptions) {
    this.options = options;
  }

  /** A topic that the operator has named may send without a token: its signature says that it is from there. */
  isTrustedTopic(message: WebhookMessage): boolean {
    return this.options.topics.includes(message.header("x-amz-sns-topic-arn") ?? "");
  }

  /** Throws a refusal where the message is not SNS's, or where that cannot be found out now (503). */
  async take(message: WebhookMessage, context: MapContext): Promise<Mapped> {
    const envelope = readEnvelope(message.json());
    if (envelope === undefined) {
      const isRaw = message.header("x-amz-sns-rawdelivery") === "true";
      const hint = isRaw ? "; turn off raw message delivery for this subscription: what it sends is not signed" : "";
      throw notOfKind("sns", `Type, MessageId, TopicArn, Message and a signature are expected${hint}`);
    }
    const { topics } = this.options;
    if (topics.length > 0 && !topics.includes(envelope.topicArn))
      throw new Refusal(403, "unknownTopic", "messages of this topic are not taken");
    await this.verify(envelope);
    switch (envelope.type) {
      case "SubscriptionConfirmation":
        await this.confirm(envelope);
        return { events: [], dropped: { subscription: 1 } };
      case "UnsubscribeConfirmation":
        return { events: [], dropped: { unsubscription: 1 } };
      case "Notification":
        return notification(envelope, context);
    }
    return { events: [] };
  }

  private async verify(envelope: SnsEnvelope): Promise<void> {
    if (!isSnsUrl(envelope.certificateUrl, CERTIFICATE_PATH))
      throw new Refusal(403, "badSignature", "the certificate's address is not SNS's own");
    const certificate = await this.certificate(envelope.certificateUrl);
    if (!isSignedBy(envelope, certificate, this.options.clock.now()))
      throw new Refusal(403, "badSignature", "the signature is not SNS's");
  }

  private async certificate(url: string): Promise<string> {
    const known = this.certificates.get(url);
    if (known !== undefined) return known;
    const pem = await this.fetch(url);
    if (this.certificates.size >= CERTIFICATES_MAX) this.certificates.clear();
    this.certificates.set(url, pem);
    return pem;
  }

  /** Answers SNS that we want the topic's messages. */
  private async confirm(envelope: SnsEnvelope): Promise<void> {
    const url = envelope.subscribeUrl ?? "";
    if (!isSnsUrl(url, CONFIRM_PATH)) throw new Refusal(403, "badSignature", "the address to confirm is not SNS's own");
    await this.fetch(url);
  }

  private async fetch(url: string): Promise<string> {
    const abort = new AbortController();
    const cancel = this.options.clock.after(FETCH_TIMEOUT_MS, () => abort.abort());
    try {
      const answer = await this.options.outgoing.send({
        method: "GET",
        url,
        headers: {},
        body: null,
        signal: abort.signal,
      });
      if (answer.status === "answered" && answer.httpStatus === 200) return answer.body;
      const why = answer.status === "answered" ? `status ${answer.httpStatus}` : answer.reason;
      throw new Refusal(503, "snsUnreachable", `SNS could not be asked: ${why}`, { retryAfterS: 30 });
    } finally {
      cancel();
    }
  }
}

/** An alarm, or any other text: that is told as a warning, for an hour, under the topic's name. */
function notification(envelope: SnsEnvelope, context: MapContext): Mapped {
  let content: unknown;
  try {
    content = JSON.parse(envelope.message);
  } catch {
    // Plain text is a message as well.
    content = undefined;
  }
  if (documentOf(content) !== undefined && isAlarm(content)) {
    const event = eventOfAlarm(content, envelope.messageId, context);
    return event === "noData" ? { events: [], dropped: { noData: 1 } } : { events: [event] };
  }
  return { events: [plainEvent(envelope, context)] };
}

function plainEvent(envelope: SnsEnvelope, context: MapContext): Event {
  const topic = envelope.topicArn.split(":").at(-1) ?? "sns";
  return eventOfDraft(
    {
      id: envelope.messageId,
      source: "sns",
      ci: topic,
      check: envelope.subject ?? "message",
      status: "firing",
      severity: "warning",
      summary: envelope.subject ?? envelope.message.slice(0, 500),
      at: Date.parse(envelope.timestamp) || undefined,
      annotations: { message: envelope.message.slice(0, 4000) },
      expiresAfterMs: 3_600_000,
    },
    context.now,
  );
}
