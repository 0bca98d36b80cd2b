import { expect, test } from "vitest";
import { RecordingLog } from "../../../test/support/recording-ports.ts";
import { hostileNotification, sampleNotification } from "../../../test/support/sample-notification.ts";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import type { DeliveryResult } from "../../port/connector.ts";
import type { Outgoing, OutgoingRequest } from "../../port/outgoing.ts";
import { Secret } from "../../port/secret.ts";
import { wordNotification } from "../wording.ts";
import { mainMessage, reply } from "./message.ts";
import { slack } from "./slack.ts";

const SETTINGS = { token: new Secret("xoxb-1"), channel: "C1", apiUrl: "https://slack.example/api/", timeout: 15_000 };

/** Answers each call from a script, and remembers what was asked. */
class ScriptedOutgoing implements Outgoing {
  readonly calls: { method: string; authorization: string | undefined; body: Record<string, unknown> }[] = [];
  private readonly answers: unknown[];
  constructor(answers: unknown[]) {
    this.answers = answers;
  }
  send(request: OutgoingRequest) {
    const body = JSON.parse(request.body ?? "") as Record<string, unknown>;
    const method = request.url.slice("https://slack.example/api/".length);
    this.calls.push({ method, authorization: request.headers["authorization"], body });
    const headers = { "retry-after": "3" };
    const answer = JSON.stringify(this.answers.shift() ?? { ok: true, channel: "C1", ts: "1.1" });
    return Promise.resolve({ status: "answered" as const, httpStatus: 200, headers, body: answer, truncated: false });
  }
  vet() {
    return Promise.resolve({ status: "allowed" as const, address: "192.0.2.1", family: 4 as const });
  }
  close() {
    return Promise.resolve();
  }
}

async function deliver(
  answers: unknown[],
  over: Parameters<typeof sampleNotification>[0],
  reference?: { channel: string; ts: string },
  settings: Record<string, unknown> = {},
) {
  const outgoing = new ScriptedOutgoing(answers);
  const connector = slack.create(
    { ...SETTINGS, ...settings },
    {
      outgoing,
      clock: new VirtualClock(),
      log: new RecordingLog(),
      externalUrl: null,
    },
  );
  const result = await connector.deliver({
    notification: sampleNotification(over),
    reference,
    attempt: 1,
    signal: new AbortController().signal,
  });
  return { result, calls: outgoing.calls };
}

test("the first message starts the thread", async () => {
  const { result, calls } = await deliver([{ ok: true, channel: "C9", ts: "17.5" }], {});
  expect(result).toEqual({ status: "success", reference: { channel: "C9", ts: "17.5" } });
  expect(calls).toMatchObject([
    {
      method: "chat.postMessage",
      authorization: "Bearer xoxb-1",
      body: { channel: "C1", link_names: false, unfurl_links: false },
    },
  ]);
});

test("an update changes the message and replies below it; a page is shown in the channel too", async () => {
  for (const page of [false, true]) {
    const { result, calls } = await deliver([], { kind: "escalated", page }, { channel: "C9", ts: "17.5" });
    expect(result).toEqual({ status: "success", reference: { channel: "C9", ts: "17.5" } });
    expect(calls).toMatchObject([
      { method: "chat.update", body: { channel: "C9", ts: "17.5" } },
      { method: "chat.postMessage", body: { channel: "C9", thread_ts: "17.5", reply_broadcast: page } },
    ]);
  }
});

test("a message that somebody deleted is posted anew", async () => {
  const answers = [
    { ok: false, error: "message_not_found" },
    { ok: true, channel: "C1", ts: "18.1" },
  ];
  const { result } = await deliver(answers, { kind: "updated" }, { channel: "C9", ts: "17.5" });
  expect(result).toEqual({ status: "success", reference: { channel: "C1", ts: "18.1" } });
});

test("a reply that failed is tried again with the whole delivery", async () => {
  const answers = [
    { ok: true, channel: "C9", ts: "17.5" },
    { ok: false, error: "internal_error" },
  ];
  const { result } = await deliver(answers, { kind: "updated" }, { channel: "C9", ts: "17.5" });
  expect(result).toMatchObject({ status: "retryable", reason: "serverError" });
});

test.for<[answer: unknown, expected: Partial<DeliveryResult>]>([
  [
    { ok: false, error: "ratelimited" },
    { status: "retryable", reason: "rateLimited", retryInMs: 3000 },
  ],
  [
    { ok: false, error: "internal_error" },
    { status: "retryable", reason: "serverError" },
  ],
  [
    { ok: false, error: "invalid_auth" },
    { status: "permanent", reason: "unauthorised" },
  ],
  [
    { ok: false, error: "missing_scope" },
    { status: "permanent", reason: "unauthorised" },
  ],
  [
    { ok: false, error: "channel_not_found" },
    { status: "permanent", reason: "notFound" },
  ],
  [
    { ok: false, error: "is_archived" },
    { status: "permanent", reason: "notFound" },
  ],
  [
    { ok: false, error: "invalid_blocks" },
    { status: "permanent", reason: "rejected" },
  ],
  [
    { ok: false, error: "constructor" },
    { status: "permanent", reason: "rejected" },
  ],
  [{ ok: false }, { status: "permanent", reason: "rejected" }],
  [{ ok: "yes" }, { status: "retryable", reason: "badResponse" }],
  [[], { status: "retryable", reason: "badResponse" }],
  [null, { status: "success" }],
  [{ ok: true }, { status: "success" }],
])("%j", async ([answer, expected]) => {
  expect((await deliver(answer === null ? [] : [answer], {})).result).toMatchObject(expected);
});

test("words of one's own, with data that stays data; a template that fails keeps no page back", async () => {
  const { calls } = await deliver([], { document: hostileNotification().document }, undefined, {
    text: "*{{ kind }}* {{ incident.title }} <https://x.example|look>",
  });
  const block = JSON.stringify(calls[0]?.body["blocks"]);
  expect(block).toContain("*opened* &lt;script&gt;");
  expect(block).toContain("<https://x.example|look>");
  expect(block).not.toContain("<!channel>");
  const failed = await deliver([], {}, undefined, { text: "{% for i in (1..100000000) %}x{% endfor %}" });
  expect(failed.result.status).toBe("success");
  expect(JSON.stringify(failed.calls[0]?.body)).toContain("Probable cause: db-2");
});

test("data can neither mention nor link nor format beyond its line", () => {
  for (const message of [
    mainMessage(wordNotification(hostileNotification(), { externalUrl: null })),
    reply(wordNotification(hostileNotification(), { externalUrl: null })),
  ])
    for (const block of message.blocks) {
      const texts = block.type === "context" ? block.elements : [block.text];
      for (const { type, text, verbatim } of texts) {
        if (type === "plain_text") continue;
        expect(verbatim).toBe(true);
        expect(text).not.toMatch(/[<>]/);
        expect(text.length).toBeLessThanOrEqual(3000);
      }
    }
});

test.for<[situation: string, settings: Record<string, unknown>, key: string | null]>([
  ["token and channel", SETTINGS, null],
  ["webhook", { webhookUrl: new Secret("https://hooks.slack.com/x"), apiUrl: "https://slack.com/api" }, null],
  ["nothing", { apiUrl: "https://slack.com/api" }, ""],
  ["both", { ...SETTINGS, webhookUrl: new Secret("https://hooks.slack.com/x") }, ""],
  ["no channel", { ...SETTINGS, channel: undefined }, ""],
  ["a webhook that is no URL", { webhookUrl: new Secret("hooks"), apiUrl: "https://slack.com/api" }, "webhookUrl"],
])("settings: %s", ([, settings, key]) => {
  expect(slack.check?.(settings).map((problem) => problem.key) ?? []).toEqual(key === null ? [] : [key]);
});
