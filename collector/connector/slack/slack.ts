import type { Static } from "typebox";
import type { Json } from "../../core/model/ledger.ts";
import type { Notification } from "../../core/model/notification.ts";
import { duration, secret, url } from "../../port/config-schema.ts";
import {
  type Connector,
  type ConnectorPorts,
  defineConnector,
  type Delivery,
  type DeliveryResult,
  type SettingsProblem,
} from "../../port/connector.ts";
import type { DeliveryFailure } from "../../port/delivery-failure.ts";
import { failureOfAnswer, failureOfCall, type FailedDelivery, retryAfterMs } from "../http-result.ts";
import { MessageTemplate, scopeOf, templateProblem } from "../template.ts";
import { type Wording, wordNotification } from "../wording.ts";
import { escapeSlack, mainMessage, ownMessage, reply, type SlackMessage } from "./message.ts";
import { Type } from "../../port/type-builder.ts";

const SlackSettings = Type.Object({
  token: Type.Optional(
    secret({
      description:
        "Bot token `xoxb-…` with the scope `chat:write`: one message an incident, kept up to date, with a thread.",
    }),
  ),
  channel: Type.Optional(
    Type.String({ minLength: 1, maxLength: 100, description: "Channel id (`C0123456789`) or `#name`; with `token`." }),
  ),
  webhookUrl: Type.Optional(
    secret({
      description: "An incoming webhook's URL instead of token and channel: a new message each time, no threads.",
    }),
  ),
  text: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 3000,
      description:
        "Liquid template of the message, in Slack's markup, instead of the built-in one: `*{{ wording.headline }}*`.",
    }),
  ),
  apiUrl: url({ default: "https://slack.com/api", description: "For proxies and tests." }),
  timeout: duration({ default: "15s", least: "1s", most: "1m", description: "How long one attempt may take." }),
});
export type SlackSettings = Static<typeof SlackSettings>;

/** Slack's logical errors, which come with HTTP 200. What is not listed is a refusal of the message itself. */
const ERRORS: Readonly<Record<string, { status: "retryable" | "permanent"; reason: DeliveryFailure }>> = {
  ratelimited: { status: "retryable", reason: "rateLimited" },
  rate_limited: { status: "retryable", reason: "rateLimited" },
  fatal_error: { status: "retryable", reason: "serverError" },
  internal_error: { status: "retryable", reason: "serverError" },
  service_unavailable: { status: "retryable", reason: "serverError" },
  request_timeout: { status: "retryable", reason: "timeout" },
  team_added_to_org: { status: "retryable", reason: "serverError" },
  invalid_auth: { status: "permanent", reason: "unauthorised" },
  not_authed: { status: "permanent", reason: "unauthorised" },
  account_inactive: { status: "permanent", reason: "unauthorised" },
  token_revoked: { status: "permanent", reason: "unauthorised" },
  token_expired: { status: "permanent", reason: "unauthorised" },
  missing_scope: { status: "permanent", reason: "unauthorised" },
  no_permission: { status: "permanent", reason: "unauthorised" },
  not_allowed_token_type: { status: "permanent", reason: "unauthorised" },
  access_denied: { status: "permanent", reason: "unauthorised" },
  channel_not_found: { status: "permanent", reason: "notFound" },
  not_in_channel: { status: "permanent", reason: "notFound" },
  is_archived: { status: "permanent", reason: "notFound" },
};

/** The message that was to be changed cannot be any more: a new one takes its place. */
const MESSAGE_GONE = new Set(["message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"]);

interface Posted {
  channel: string;
  ts: string;
}

type Called =
  | { status: "posted"; posted: Posted | undefined }
  | { status: "gone" }
  | { status: "failed"; failure: FailedDelivery };

function referenceOf(value: Json | undefined): Posted | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const { channel, ts } = value as { channel?: unknown; ts?: unknown };
  return typeof channel === "string" && typeof ts === "string" ? { channel, ts } : undefined;
}

class SlackConnector implements Connector {
  readonly kind = "slack";
  private readonly settings: SlackSettings;
  private readonly ports: ConnectorPorts;
  private readonly template: MessageTemplate | undefined;

  constructor(settings: SlackSettings, ports: ConnectorPorts) {
    this.settings = settings;
    this.ports = ports;
    this.template = settings.text === undefined ? undefined : new MessageTemplate(settings.text, escapeSlack);
  }

  async deliver({ notification, reference, signal }: Delivery): Promise<DeliveryResult> {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.settings.timeout)]);
    const wording = wordNotification(notification, this.ports);
    const main = this.main(notification, wording);
    if (this.settings.webhookUrl !== undefined)
      return this.postToWebhook(this.settings.webhookUrl.reveal(), main, limited);
    const thread = referenceOf(reference);
    if (thread === undefined) return this.begin(main, limited);
    const updated = await this.call("chat.update", { ...main, channel: thread.channel, ts: thread.ts }, limited);
    if (updated.status === "gone") return this.begin(main, limited);
    if (updated.status === "failed") return updated.failure;
    // Changing the message again is harmless, so the reply comes last: an attempt that is repeated replies once.
    const replied = await this.call(
      "chat.postMessage",
      { ...reply(wording), channel: thread.channel, thread_ts: thread.ts, reply_broadcast: notification.page },
      limited,
    );
    if (replied.status === "failed") return replied.failure;
    return { status: "success", reference: { ...thread } };
  }

  /** A template that fails must not keep a page back: then it is said in the built-in words. */
  private main(notification: Notification, wording: Wording): SlackMessage {
    const rendered = this.template?.render(scopeOf(notification, wording));
    if (rendered === undefined) return mainMessage(wording);
    if (rendered.status === "rendered") return ownMessage(wording, rendered.text);
    this.ports.log.warn("a template failed; the built-in words are used", {
      receiver: notification.receiver,
      reason: rendered.detail,
    });
    return mainMessage(wording);
  }

  private async begin(main: SlackMessage, signal: AbortSignal): Promise<DeliveryResult> {
    const call = await this.call("chat.postMessage", { ...main, channel: this.settings.channel ?? "" }, signal);
    if (call.status === "posted")
      return call.posted === undefined ? { status: "success" } : { status: "success", reference: { ...call.posted } };
    if (call.status === "failed") return call.failure;
    return { status: "permanent", reason: "rejected", detail: "Slack says that the message is gone" };
  }

  private async postToWebhook(target: string, main: SlackMessage, signal: AbortSignal): Promise<DeliveryResult> {
    const result = await this.send(target, { ...main }, {}, signal);
    if (result.status === "failed") return failureOfCall(result);
    if (result.httpStatus >= 200 && result.httpStatus < 300) return { status: "success" };
    return failureOfAnswer(result, this.ports.clock.now());
  }

  private async call(method: string, body: Record<string, unknown>, signal: AbortSignal): Promise<Called> {
    const result = await this.send(
      `${this.settings.apiUrl.replace(/\/+$/, "")}/${method}`,
      { ...body, unfurl_links: false, unfurl_media: false, link_names: false },
      { authorization: `Bearer ${this.settings.token?.reveal() ?? ""}` },
      signal,
    );
    if (result.status === "failed") return { status: "failed", failure: failureOfCall(result) };
    if (result.httpStatus < 200 || result.httpStatus >= 300)
      return { status: "failed", failure: failureOfAnswer(result, this.ports.clock.now()) };
    return answerOf(result.body, retryAfterMs(result.headers["retry-after"], this.ports.clock.now()));
  }

  private send(target: string, body: unknown, headers: Record<string, string>, signal: AbortSignal) {
    return this.ports.outgoing.send({
      method: "POST",
      url: target,
      headers: { "content-type": "application/json; charset=utf-8", ...headers },
      body: JSON.stringify(body),
      signal,
    });
  }
}

/** Slack says in the body, under HTTP 200, whether it worked. */
function answerOf(text: string, waitMs: number | undefined): Called {
  const answer = parsed(text);
  if (answer === undefined || typeof answer.ok !== "boolean")
    return {
      status: "failed",
      failure: { status: "retryable", reason: "badResponse", detail: "the answer is not Slack's" },
    };
  if (answer.ok) {
    const { channel, ts } = answer;
    // It is posted, whatever else the answer lacks: trying again would post it twice.
    const known = typeof channel === "string" && typeof ts === "string";
    return { status: "posted", posted: known ? { channel, ts } : undefined };
  }
  // The name labels nothing and stands in a log line: it is cut to what Slack's names look like.
  const error = typeof answer.error === "string" ? answer.error.replace(/[^a-z0-9_]/g, "").slice(0, 60) : "";
  if (MESSAGE_GONE.has(error)) return { status: "gone" };
  const known = Object.hasOwn(ERRORS, error) ? ERRORS[error] : undefined;
  const { status, reason } = known ?? { status: "permanent", reason: "rejected" };
  const wait = status === "retryable" && waitMs !== undefined ? { retryInMs: waitMs } : {};
  return { status: "failed", failure: { status, reason, detail: `Slack says ${error}`, ...wait } };
}

function parsed(text: string): { ok?: unknown; error?: unknown; channel?: unknown; ts?: unknown } | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return value !== null && typeof value === "object" ? value : undefined;
  } catch {
    return undefined;
  }
}

function problems(settings: SlackSettings): SettingsProblem[] {
  const template = templateProblem("text", settings.text);
  return [...accessProblems(settings), ...(template === undefined ? [] : [template])];
}

function accessProblems(settings: SlackSettings): SettingsProblem[] {
  const byToken = settings.token !== undefined;
  if (byToken === (settings.webhookUrl !== undefined))
    return [
      {
        key: "",
        message: "slack takes either a token and a channel, or a webhookUrl",
        hint: byToken ? "remove one of them" : "add tokenFile and channel",
      },
    ];
  if (byToken && settings.channel === undefined)
    return [
      { key: "", message: '"channel" is missing', hint: "with a token, say where to post: channel: C0123456789" },
    ];
  if (settings.webhookUrl !== undefined && !/^https?:\/\//.test(settings.webhookUrl.reveal()))
    return [
      { key: "webhookUrl", message: '"webhookUrl" is not an http(s) URL', hint: "copy it from Slack's app settings" },
    ];
  return [];
}

/** Slack: one message an incident, kept up to date, with what happens in its thread. */
export const slack = defineConnector({
  kind: "slack",
  description: "Slack: one message for each incident, kept up to date, with a thread below it.",
  schema: SlackSettings,
  check: problems,
  targets: (settings) => {
    const target = settings.webhookUrl?.reveal() ?? settings.apiUrl;
    return URL.canParse(target) ? [new URL(target).hostname] : [];
  },
  create: (settings, ports) => new SlackConnector(settings, ports),
});
