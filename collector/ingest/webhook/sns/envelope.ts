import { createVerify, X509Certificate } from "node:crypto";
import type { UnixMillis } from "../../../core/model/time.ts";
import { at, textAt } from "../../field.ts";

/** An SNS message as it is posted, the fields that are signed and those that lead on. */
export interface SnsEnvelope {
  type: "Notification" | "SubscriptionConfirmation" | "UnsubscribeConfirmation";
  messageId: string;
  topicArn: string;
  message: string;
  subject: string | undefined;
  timestamp: string;
  token: string | undefined;
  subscribeUrl: string | undefined;
  signature: string;
  signatureVersion: string;
  certificateUrl: string;
}

const TYPES: readonly string[] = ["Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation"];
const LENGTH_MAX = 262_144;

/** Reads an envelope; undefined where a part that every envelope has is missing. */
export function readEnvelope(body: unknown): SnsEnvelope | undefined {
  const field = (name: string): string | undefined => {
    const value = at(body, name);
    return typeof value === "string" && value !== "" && value.length <= LENGTH_MAX ? value : undefined;
  };
  const type = field("Type");
  const parts = ["MessageId", "TopicArn", "Message", "Timestamp", "Signature", "SigningCertURL"].map(field);
  const [messageId, topicArn, message, timestamp, signature, certificateUrl] = parts;
  if (type === undefined || !TYPES.includes(type) || messageId === undefined || topicArn === undefined)
    return undefined;
  if (message === undefined || timestamp === undefined || signature === undefined || certificateUrl === undefined)
    return undefined;
  return {
    type: type as SnsEnvelope["type"],
    messageId,
    topicArn,
    message,
    subject: field("Subject"),
    timestamp,
    token: field("Token"),
    subscribeUrl: field("SubscribeURL"),
    signature,
    signatureVersion: textAt(at(body, "SignatureVersion")) ?? "1",
    certificateUrl,
  };
}

const HOST = /^sns\.[a-z]{2}(?:-[a-z]{2,10}){1,3}-\d{1,2}\.amazonaws\.com(?:\.cn)?$/;

/** Whether an address is SNS itself: https, its own host, no port and no user. Nothing else may be fetched for a message. */
export function isSnsUrl(address: string, path: RegExp): boolean {
  let url: URL;
  try {
    url = new URL(address);
  } catch {
    // Not an address at all.
    return false;
  }
  const plain = url.protocol === "https:" && url.port === "" && url.username === "" && url.password === "";
  return plain && HOST.test(url.hostname) && path.test(url.pathname);
}

export const CERTIFICATE_PATH = /^\/SimpleNotificationService-[0-9a-zA-Z]{8,64}\.pem$/;
export const CONFIRM_PATH = /^\/$/;

/** The text that is signed: names and values, a line each, in the order that SNS documents. */
export function signedText(envelope: SnsEnvelope): string {
  const fields: [string, string | undefined][] =
    envelope.type === "Notification"
      ? [
          ["Message", envelope.message],
          ["MessageId", envelope.messageId],
          ["Subject", envelope.subject],
          ["Timestamp", envelope.timestamp],
          ["TopicArn", envelope.topicArn],
          ["Type", envelope.type],
        ]
      : [
          ["Message", envelope.message],
          ["MessageId", envelope.messageId],
          ["SubscribeURL", envelope.subscribeUrl],
          ["Timestamp", envelope.timestamp],
          ["Token", envelope.token],
          ["TopicArn", envelope.topicArn],
          ["Type", envelope.type],
        ];
  return fields.flatMap(([name, value]) => (value === undefined ? [] : [`${name}\n${value}\n`])).join("");
}

/** Whether the certificate is valid now and its key made the signature. SNS's certificate came from SNS's own host over TLS. */
export function isSignedBy(envelope: SnsEnvelope, certificatePem: string, now: UnixMillis): boolean {
  const algorithm = { "1": "RSA-SHA1", "2": "RSA-SHA256" }[envelope.signatureVersion];
  if (algorithm === undefined) return false;
  try {
    const certificate = new X509Certificate(certificatePem);
    if (now < Date.parse(certificate.validFrom) || now > Date.parse(certificate.validTo)) return false;
    const verify = createVerify(algorithm).update(signedText(envelope), "utf8");
    return verify.verify(certificate.publicKey, envelope.signature, "base64");
  } catch {
    // No certificate, or a signature of another sort of key: in any case not SNS's.
    return false;
  }
}
