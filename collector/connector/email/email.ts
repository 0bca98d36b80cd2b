import { createHash } from "node:crypto";
import { isIP } from "node:net";
import type { Json } from "../../core/model/ledger.ts";
import {
  type Connector,
  type ConnectorPorts,
  defineConnector,
  type Delivery,
  type DeliveryResult,
} from "../../port/connector.ts";
import type { DeliveryFailure } from "../../port/delivery-failure.ts";
import { failureOfCall } from "../http-result.ts";
import { escapeNothing, MessageTemplate, scopeOf, type TemplateScope } from "../template.ts";
import { oneLine, wordNotification } from "../wording.ts";
import { htmlBody, textBody } from "./message.ts";
import { EmailSettings, type MailAddress, type MailServer, parseAddress, problemsOf, serverOf } from "./settings.ts";

const SUBJECT_MAX = 200;

/** What the next mail about the incident needs to stay in the thread. */
interface Thread {
  subject: string;
  messageId: string;
}

function threadOf(value: Json | undefined): Thread | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value)) return undefined;
  const { subject, messageId } = value as { subject?: unknown; messageId?: unknown };
  return typeof subject === "string" && typeof messageId === "string" ? { subject, messageId } : undefined;
}

/** Letters, digits and a hash only: an id stands in a header. */
const idOf = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 32);

class EmailConnector implements Connector {
  readonly kind = "email";
  private readonly settings: EmailSettings;
  private readonly ports: ConnectorPorts;
  private readonly server: MailServer;
  private readonly from: MailAddress;
  private readonly to: MailAddress[];
  private readonly subject: MessageTemplate | undefined;
  private readonly text: MessageTemplate | undefined;
  /** Loaded with the first receiver of this kind: to load it takes as long as all connectors together. */
  private readonly library = import("nodemailer");

  constructor(settings: EmailSettings, ports: ConnectorPorts) {
    const server = serverOf(settings);
    const from = parseAddress(settings.from);
    if (server === null || from === null) throw new Error("settings that the configuration did not check");
    this.settings = settings;
    this.ports = ports;
    this.server = server;
    this.from = from;
    this.to = settings.to.flatMap((text) => parseAddress(text) ?? []);
    this.subject = settings.subject === undefined ? undefined : new MessageTemplate(settings.subject, escapeNothing);
    this.text = settings.text === undefined ? undefined : new MessageTemplate(settings.text, escapeNothing);
  }

  /** undefined where there is no template, or where it failed: the page then goes out in the built-in words. */
  private render(template: MessageTemplate | undefined, scope: TemplateScope): string | undefined {
    const rendered = template?.render(scope);
    if (rendered?.status !== "failed") return rendered?.text;
    this.ports.log.warn("a template failed; the built-in words are used", { reason: rendered.detail });
    return undefined;
  }

  async deliver(delivery: Delivery): Promise<DeliveryResult> {
    const signal = AbortSignal.any([delivery.signal, AbortSignal.timeout(this.settings.timeout)]);
    const target = await this.ports.outgoing.vet(this.server.host, signal);
    if (target.status === "failed") return failureOfCall(target);
    const { message, thread } = this.compose(delivery);
    const { createTransport } = await this.library;
    const transport = createTransport(transportOptions(this.server, target.address));
    try {
      const sent = await transport.sendMail({ ...message, signal });
      const refused: unknown = sent.rejected;
      // Some have it: trying again would send it to them twice.
      if (Array.isArray(refused) && refused.length > 0)
        this.ports.log.warn("the mail server refused some recipients", {
          receiver: delivery.notification.receiver,
          refused: refused.length,
        });
      return { status: "success", reference: { ...thread } };
    } catch (error) {
      return failureOf(error, signal);
    } finally {
      transport.close();
    }
  }

  private compose({ notification, reference }: Delivery) {
    const wording = wordNotification(notification, this.ports);
    const domain = this.from.address.slice(this.from.address.lastIndexOf("@") + 1);
    const before = threadOf(reference);
    const messageId = `<${idOf(notification.idempotencyKey)}.tocsin@${domain}>`;
    // Every mail names this id, which no mail has: programs then keep them in one thread even when the first is lost.
    const root = `<${idOf(notification.incident)}.incident.tocsin@${domain}>`;
    const scope = scopeOf(notification, wording);
    const own = this.render(this.subject, scope);
    const subject = before?.subject ?? oneLine(own ?? wording.subject, SUBJECT_MAX);
    const text = this.render(this.text, scope);
    const message = {
      from: this.from,
      to: this.to,
      subject: before === undefined ? subject : `Re: ${subject}`,
      messageId,
      references: before === undefined ? [root] : [root, before.messageId],
      ...(before === undefined ? {} : { inReplyTo: before.messageId }),
      date: new Date(notification.at),
      ...(notification.page ? { priority: "high" as const } : {}),
      headers: {
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Tocsin-Incident": oneLine(notification.incident, 80),
      },
      ...(text === undefined ? { text: textBody(wording), html: htmlBody(wording) } : { text }),
      // The body comes from monitoring data: nothing in it may be read from a disk or a network.
      disableFileAccess: true,
      disableUrlAccess: true,
    };
    return { message, thread: before ?? { subject, messageId } };
  }
}

function transportOptions({ host, port, tls, login }: MailServer, address: string) {
  return {
    // The vetted address, so that a second look-up cannot lead elsewhere; the certificate is checked against the name.
    host: address,
    port,
    secure: tls === "implicit",
    requireTLS: tls === "required",
    ignoreTLS: tls === "off",
    opportunisticTLS: tls === "ifOffered",
    ...(isIP(host) === 0 ? { servername: host } : {}),
    tls: {
      ...(isIP(host) === 0 ? { servername: host } : {}),
      // Opportunistic TLS guards against listeners only (RFC 7435): who could forge a certificate could also strip STARTTLS.
      rejectUnauthorized: tls !== "ifOffered",
    },
    ...(login === null ? {} : { auth: { user: login.username, pass: login.password.reveal() } }),
    connectionTimeout: 30_000,
    greetingTimeout: 30_000,
    socketTimeout: 60_000,
    allowInternalNetworkInterfaces: true,
  };
}

const REASONS: Readonly<Record<string, DeliveryFailure>> = {
  ETIMEDOUT: "timeout",
  ECONNECTION: "connection",
  ESOCKET: "connection",
  EDNS: "dns",
  ETLS: "tls",
  EPROTOCOL: "badResponse",
  EAUTH: "unauthorised",
};

/** As nodemailer throws it: `code` is its own word, `originalCode` the network stack's below it. */
interface MailError {
  code?: string;
  originalCode?: string;
  responseCode?: number;
  message?: string;
}

/** SMTP's own rule: a 4yz reply passes with time, a 5yz reply does not; without a reply it was the network. */
export function failureOf(error: unknown, signal: AbortSignal): DeliveryResult {
  if (signal.aborted) return { status: "retryable", reason: "timeout", detail: "no answer in time" };
  const { code = "", originalCode = code, responseCode, message = "" } = error as MailError;
  const detail = oneLine(message, 200);
  if (responseCode !== undefined && responseCode >= 500)
    return {
      status: "permanent",
      reason: code === "EAUTH" ? "unauthorised" : code === "ETLS" ? "tls" : "rejected",
      detail,
    };
  if (responseCode !== undefined && responseCode >= 400) {
    const reason = responseCode === 421 || responseCode === 450 || responseCode === 451 ? "serverError" : "rateLimited";
    return { status: "retryable", reason: code === "EAUTH" ? "serverError" : reason, detail };
  }
  if (code === "EAUTH") return { status: "permanent", reason: "unauthorised", detail };
  if (code === "EENVELOPE" || code === "EMESSAGE") return { status: "permanent", reason: "rejected", detail };
  const insecure = /^(?:CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS|ERR_SSL)/.test(originalCode);
  return { status: "retryable", reason: insecure ? "tls" : (REASONS[code] ?? "connection"), detail };
}

/** E-mail by SMTP. */
export const email = defineConnector({
  kind: "email",
  description: "E-mail by SMTP: one thread for each incident.",
  schema: EmailSettings,
  check: problemsOf,
  targets: (settings) => {
    const server = serverOf(settings);
    return server === null ? [] : [server.host];
  },
  create: (settings, ports) => new EmailConnector(settings, ports),
});
