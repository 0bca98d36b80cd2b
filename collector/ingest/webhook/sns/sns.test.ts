import { expect, test } from "vitest";
import { sample, webhookBench, type WebhookBench } from "../../../../test/support/webhook-bench.ts";
import type { WebhookOptions } from "../register.ts";
import { CERTIFICATE_PATH, isSnsUrl } from "./envelope.ts";

const CERTIFICATE = sample("sns/certificate.pem").toString();
const TOPIC = "arn:aws:sns:eu-central-1:123456789012:alarms";
const TEXT = { "content-type": "text/plain; charset=UTF-8", "x-amz-sns-topic-arn": TOPIC };

function bench(options: Partial<WebhookOptions> = {}): WebhookBench & { asked: string[] } {
  const asked: string[] = [];
  const outgoing: WebhookOptions["outgoing"] = {
    send: ({ url }) => {
      asked.push(url);
      return Promise.resolve({ status: "answered", httpStatus: 200, headers: {}, body: CERTIFICATE, truncated: false });
    },
  };
  return { ...webhookBench({ outgoing, ...options }), asked };
}

test("an alarm fires and is ended, under both versions of the signature; the certificate is fetched once", async () => {
  const { post, ports, asked } = bench();
  expect((await post("sns", sample("sns/alarm.json"), TEXT)).events).toMatchObject([
    {
      id: "m-1",
      idGiven: true,
      source: "cloudwatch",
      ci: "i-0a1b2c3d",
      check: "HighCPU",
      instance: "123456789012/eu-central-1",
      status: "firing",
      severity: "major",
      summary: "HighCPU: Threshold Crossed: 1 datapoint [97.5] was greater than the threshold (90.0).",
      since: Date.parse("2026-03-01T09:59:00Z"),
      labels: {
        InstanceId: "i-0a1b2c3d",
        account: "123456789012",
        metric: "CPUUtilization",
        namespace: "AWS/EC2",
        region: "eu-central-1",
      },
    },
  ]);
  expect((await post("cloudwatch", sample("sns/ok-version-1.json"), TEXT)).events).toMatchObject([
    { status: "resolved" },
  ]);
  expect([...ports.alerts.values()].map(({ status }) => status)).toEqual(["resolved"]);
  expect(asked).toEqual([
    "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem",
  ]);
});

test("a text that is no alarm is a warning for an hour", async () => {
  const { post } = bench();
  expect((await post("sns", sample("sns/text.json"), TEXT)).events).toMatchObject([
    { source: "sns", ci: "alarms", check: "Backup failed", severity: "warning", expiresAfterMs: 3_600_000 },
  ]);
});

test("a message without its envelope is refused, with what to change where the topic delivers it raw", async () => {
  const { post } = bench();
  const raw = { ...TEXT, "x-amz-sns-message-type": "Notification", "x-amz-sns-rawdelivery": "true" };
  const { status, body } = await post("sns", { AlarmName: "HighCPU", NewStateValue: "ALARM" }, raw);
  expect(status).toBe(400);
  expect((body as { message: string }).message).toMatch(/turn off raw message delivery/);
});

test("a subscription is confirmed at SNS's own address", async () => {
  const { post, asked } = bench();
  expect(await post("sns", sample("sns/subscription.json"), TEXT)).toMatchObject({ status: 202, events: [] });
  expect(asked.at(-1)).toMatch(/^https:\/\/sns\.eu-central-1\.amazonaws\.com\/\?Action=ConfirmSubscription/);
});

test.for<[situation: string, change: object]>([
  ["another text", { Message: "{}" }],
  ["another topic", { TopicArn: "arn:aws:sns:eu-central-1:1:x" }],
  ["a signature of nobody", { Signature: "AAAA" }],
  ["an unknown version", { SignatureVersion: "3" }],
  [
    "a certificate from elsewhere",
    { SigningCertURL: "https://evil.example.net/SimpleNotificationService-00000000.pem" },
  ],
  [
    "a certificate by plain HTTP",
    { SigningCertURL: "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-00000000.pem" },
  ],
])("refused: %s", async ([, change]) => {
  const { post, ports } = bench();
  const body = { ...(JSON.parse(sample("sns/alarm.json").toString()) as object), ...change };
  expect((await post("sns", body, TEXT)).status).toBe(403);
  expect(ports.events).toEqual([]);
});

test("topics that the configuration names need no token; others are not taken", async () => {
  const nobody = { identify: (): undefined => undefined };
  expect((await bench(nobody).post("sns", sample("sns/alarm.json"), TEXT)).status).toBe(401);
  const named = bench({ ...nobody, snsTopics: [TOPIC] });
  expect((await named.post("sns", sample("sns/alarm.json"), TEXT)).status).toBe(202);
  const other = bench({ snsTopics: ["arn:aws:sns:eu-central-1:1:other"] });
  expect((await other.post("sns", sample("sns/alarm.json"), TEXT)).status).toBe(403);
});

test("when SNS cannot be asked the message is refused for now", async () => {
  const outgoing: WebhookOptions["outgoing"] = {
    send: () => Promise.resolve({ status: "failed", reason: "timeout", detail: "" }),
  };
  expect((await bench({ outgoing }).post("sns", sample("sns/alarm.json"), TEXT)).status).toBe(503);
});

test.for<[url: string, allowed: boolean]>([
  ["https://sns.us-east-1.amazonaws.com/SimpleNotificationService-abcdef0123456789.pem", true],
  ["https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-abcdef0123456789.pem", true],
  ["https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-abcdef0123456789.pem", true],
  ["https://sns.us-east-1.amazonaws.com.evil.net/SimpleNotificationService-abcdef0123456789.pem", false],
  ["https://evil.sns.us-east-1.amazonaws.com/SimpleNotificationService-abcdef0123456789.pem", false],
  ["https://user@sns.us-east-1.amazonaws.com/SimpleNotificationService-abcdef0123456789.pem", false],
  ["https://sns.us-east-1.amazonaws.com:8443/SimpleNotificationService-abcdef0123456789.pem", false],
  ["https://sns.us-east-1.amazonaws.com/x/SimpleNotificationService-abcdef0123456789.pem", false],
  ["https://bucket.s3.us-east-1.amazonaws.com/SimpleNotificationService-abcdef0123456789.pem", false],
  ["file:///etc/passwd", false],
  ["nothing", false],
])("address %s: %s", ([url, allowed]) => {
  expect(isSnsUrl(url, CERTIFICATE_PATH)).toBe(allowed);
});
