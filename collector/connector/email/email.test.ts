import type { AddressInfo } from "node:net";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";
import { afterEach, expect, test } from "vitest";
import { RecordingLog } from "../../../test/support/recording-ports.ts";
import { hostileNotification, sampleNotification } from "../../../test/support/sample-notification.ts";
import { VirtualClock } from "../../../test/support/virtual-clock.ts";
import type { DeliveryResult } from "../../port/connector.ts";
import { Secret } from "../../port/secret.ts";
import { VettedOutgoing } from "../outgoing.ts";
import { email, failureOf } from "./email.ts";
import { type EmailSettings, parseAddress, problemsOf, serverOf } from "./settings.ts";

interface Mail {
  to: string[];
  secure: boolean;
  user: string | undefined;
  raw: string;
}

const servers: SMTPServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise<void>((resolve) => server.close(resolve));
});

async function server(options: SMTPServerOptions = {}): Promise<{ port: number; mails: Mail[] }> {
  const mails: Mail[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    onAuth: ({ username, password }, _session, done) =>
      password === "right" ? done(null, { user: username }) : done(new Error("wrong password")),
    onRcptTo: ({ address }, _session, done) =>
      address.startsWith("gone@") ? done(Object.assign(new Error("no such mailbox"), { responseCode: 550 })) : done(),
    onData: (stream, session, done) => {
      let raw = "";
      stream.on("data", (chunk: Buffer) => (raw += chunk.toString("utf8")));
      stream.on("end", () => {
        mails.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: session.user as string | undefined,
          raw: raw.replaceAll(/\r\n[ \t]+/g, " "),
        });
        done();
      });
    },
    ...options,
  });
  smtp.on("error", () => undefined);
  servers.push(smtp);
  await new Promise<void>((resolve) => void smtp.listen(0, "127.0.0.1", resolve));
  return { port: (smtp.server.address() as AddressInfo).port, mails };
}

const log = new RecordingLog();

async function deliver(
  settings: Partial<EmailSettings> & Pick<EmailSettings, "smtp">,
  over: Parameters<typeof sampleNotification>[0] = {},
  reference?: { subject: string; messageId: string },
): Promise<DeliveryResult> {
  const outgoing = new VettedOutgoing({ allowPrivateTargets: ["127.0.0.1"] });
  const connector = email.create(
    { from: "Tocsin <tocsin@example.net>", to: ["a@example.net"], timeout: 5000, ...settings },
    { outgoing, clock: new VirtualClock(), log, externalUrl: "https://tocsin.example.net" },
  );
  return connector.deliver({
    notification: sampleNotification(over),
    reference,
    attempt: 1,
    signal: AbortSignal.timeout(5000),
  });
}

const header = (mail: Mail | undefined, name: string): string | undefined =>
  new RegExp(`^${name}: (.*)$`, "im").exec(mail?.raw.split("\r\n\r\n")[0] ?? "")?.[1]?.trim();

test("mails about one incident are one thread with one subject", async () => {
  const { port, mails } = await server();
  const first = await deliver({ smtp: `127.0.0.1:${port}` });
  if (first.status !== "success") throw new Error(JSON.stringify(first));
  const reference = first.reference as { subject: string; messageId: string };
  const later = { ...sampleNotification().document, title: "sw-3 is down: everything fails" };
  const second = await deliver(
    { smtp: `127.0.0.1:${port}` },
    { kind: "escalated", idempotencyKey: "second", document: later },
    reference,
  );
  expect(second).toEqual({ status: "success", reference });
  expect(mails.map((mail) => header(mail, "Subject"))).toEqual([
    "Incident 42: db-2 is down: checkout fails",
    "Re: Incident 42: db-2 is down: checkout fails",
  ]);
  const root = header(mails[0], "References");
  expect(header(mails[1], "References")).toBe(`${root} ${header(mails[0], "Message-ID")}`);
  expect(header(mails[1], "In-Reply-To")).toBe(header(mails[0], "Message-ID"));
  expect(header(mails[1], "Message-ID")).not.toBe(header(mails[0], "Message-ID"));
  expect(header(mails[0], "Message-ID")).toMatch(/^<[0-9a-f]{32}\.tocsin@example\.net>$/);
});

test("words of one's own, plain; the subject holds for the thread", async () => {
  const { port, mails } = await server();
  const settings = {
    smtp: `127.0.0.1:${port}`,
    subject: "[{{ incident.priority }}] {{ incident.rootCause.ci }}",
    text: "{{ wording.headline }}\n{{ kind }}",
  };
  const first = await deliver(settings);
  await deliver(
    settings,
    { kind: "resolved", idempotencyKey: "2" },
    first.status === "success" ? (first.reference as { subject: string; messageId: string }) : undefined,
  );
  expect(mails.map((mail) => header(mail, "Subject"))).toEqual(["[P1] db-2", "Re: [P1] db-2"]);
  expect(mails[0]?.raw).toContain("P1: db-2 is down: checkout fails\r\nopened");
  expect(mails[0]?.raw).not.toContain("text/html");
});

test("a template that fails keeps no page back", async () => {
  const { port, mails } = await server();
  const result = await deliver({ smtp: `127.0.0.1:${port}`, text: "{% for i in (1..100000000) %}x{% endfor %}" });
  expect(result.status).toBe("success");
  expect(mails[0]?.raw).toContain("Probable cause: db-2");
});

test("it says that a machine wrote it, and that a page is urgent", async () => {
  const { port, mails } = await server();
  await deliver({ smtp: `127.0.0.1:${port}` });
  await deliver({ smtp: `127.0.0.1:${port}` }, { kind: "updated", page: false });
  expect(header(mails[0], "Auto-Submitted")).toBe("auto-generated");
  expect(header(mails[0], "X-Priority")).toMatch(/^1/);
  expect(header(mails[1], "X-Priority")).toBeUndefined();
  expect(header(mails[0], "From")).toBe("Tocsin <tocsin@example.net>");
});

test("hostile text adds no header and no recipient, and is escaped in HTML", async () => {
  const { port, mails } = await server();
  const { document, reason } = hostileNotification();
  await deliver(
    { smtp: `127.0.0.1:${port}` },
    { document, reason, incident: "x\r\nBcc: b@example.net", kind: "updated" },
  );
  expect(mails).toHaveLength(1);
  expect(mails[0]?.to).toEqual(["a@example.net"]);
  expect(mails[0]?.raw).not.toMatch(/^Bcc:/im);
  const html = (mails[0]?.raw ?? "").slice(mails[0]?.raw.indexOf("text/html"));
  expect(html).not.toContain("<script");
});

test("the whole of a mail stays under what any server takes, however large the incident", async () => {
  const { port, mails } = await server({ size: 200_000 });
  const alert = sampleNotification().document.alerts[0]!;
  const alerts = Array.from({ length: 1000 }, () => ({ ...alert, summary: "x".repeat(5000) }));
  const result = await deliver(
    { smtp: `127.0.0.1:${port}` },
    { document: { ...sampleNotification().document, alerts } },
  );
  expect(result.status).toBe("success");
  expect(mails[0]?.raw.length).toBeLessThan(20_000);
});

test("with user and password it logs in, over TLS only", async () => {
  const plain = await server({ disabledCommands: ["STARTTLS"] });
  const login = { host: "127.0.0.1", port: plain.port, username: "u", password: new Secret("right") };
  expect(await deliver({ smtp: login })).toMatchObject({ status: "permanent", reason: "tls" });
  const selfSigned = await server({ disabledCommands: [] });
  const strict = { ...login, port: selfSigned.port };
  expect(await deliver({ smtp: strict })).toMatchObject({ status: "retryable", reason: "tls" });
  expect([...plain.mails, ...selfSigned.mails]).toEqual([]);
});

test("without a password it takes the TLS it is offered, whoever signed it", async () => {
  const { port, mails } = await server({ disabledCommands: [] });
  expect((await deliver({ smtp: `127.0.0.1:${port}` })).status).toBe("success");
  expect(mails[0]?.secure).toBe(true);
});

test("a wrong password is permanent", async () => {
  const { port } = await server({ authMethods: ["PLAIN"], allowInsecureAuth: true, authOptional: false });
  const smtp = { host: "127.0.0.1", port, tls: "off" as const, username: "u", password: new Secret("wrong") };
  const result = await deliver({ smtp });
  expect(result).toMatchObject({ status: "permanent", reason: "unauthorised" });
  expect(JSON.stringify(result)).not.toContain('wrong"');
});

test("some recipients refused: the others have it, and the log says so", async () => {
  const { port, mails } = await server();
  const result = await deliver({ smtp: `127.0.0.1:${port}`, to: ["gone@example.net", "a@example.net"] });
  expect(result.status).toBe("success");
  expect(mails[0]?.to).toEqual(["a@example.net"]);
  expect(JSON.stringify(log)).toContain("refused some recipients");
  const none = await deliver({ smtp: `127.0.0.1:${port}`, to: ["gone@example.net"] });
  expect(none).toMatchObject({ status: "permanent", reason: "rejected" });
});

const quiet = new AbortController().signal;
test.for<[error: Record<string, unknown>, status: string, reason: string]>([
  [{ code: "EAUTH", responseCode: 535 }, "permanent", "unauthorised"],
  [{ code: "EAUTH", responseCode: 454 }, "retryable", "serverError"],
  [{ code: "EAUTH" }, "permanent", "unauthorised"],
  [{ code: "EENVELOPE", responseCode: 550 }, "permanent", "rejected"],
  [{ code: "EENVELOPE", responseCode: 452 }, "retryable", "rateLimited"],
  [{ code: "EMESSAGE", responseCode: 451 }, "retryable", "serverError"],
  [{ code: "EMESSAGE", responseCode: 421 }, "retryable", "serverError"],
  [{ code: "EMESSAGE" }, "permanent", "rejected"],
  [{ code: "ECONNECTION" }, "retryable", "connection"],
  [{ code: "ETIMEDOUT" }, "retryable", "timeout"],
  [{ code: "ETLS" }, "retryable", "tls"],
  [{ code: "ESOCKET", originalCode: "CERT_HAS_EXPIRED" }, "retryable", "tls"],
  [{ code: "EPROTOCOL" }, "retryable", "badResponse"],
  [{}, "retryable", "connection"],
])("%j is %s, %s", ([error, status, reason]) => {
  expect(failureOf(Object.assign(new Error("x"), error), quiet)).toMatchObject({ status, reason });
});

test.for<[text: string, address: string | null]>([
  ["a@example.net", "a@example.net"],
  ["Tocsin <a@example.net>", "a@example.net"],
  ['"On call" <a@example.net>', "a@example.net"],
  ["a.b+c@sub.example.net", "a.b+c@sub.example.net"],
  ["a@[192.0.2.1]", "a@[192.0.2.1]"],
  ["example.net", null],
  ["a@b@c", null],
  ["a@example.net, b@example.net", null],
  ["a@example.net\r\nBcc: b@example.net", null],
  ["X\r\nBcc: b <a@example.net>", null],
  ["<>", null],
  ["", null],
])("the address of %j", ([text, address]) => {
  expect(parseAddress(text)?.address ?? null).toBe(address);
});

test.for<[smtp: EmailSettings["smtp"], expected: unknown]>([
  ["mail.example.net", { host: "mail.example.net", port: 25, tls: "ifOffered", login: null }],
  ["mail.example.net:587", { host: "mail.example.net", port: 587, tls: "ifOffered" }],
  ["smtp://mail.example.net:2525", { port: 2525, tls: "ifOffered" }],
  ["smtps://mail.example.net", { port: 465, tls: "implicit" }],
  ["[::1]:25", { host: "::1", port: 25 }],
  ["smtp://user:pw@mail.example.net", null],
  ["mail.example.net:99999", null],
  ["http://mail.example.net", null],
  [
    { host: "m", username: "u", password: new Secret("p") },
    { port: 587, tls: "required", login: { username: "u" } },
  ],
  [{ host: "m", tls: "implicit" }, { port: 465 }],
])("the server of %j", ([smtp, expected]) => {
  const found = serverOf({ smtp } as EmailSettings);
  if (expected === null) expect(found).toBeNull();
  else expect(found).toMatchObject(expected as object);
});

test.for<[situation: string, settings: Partial<EmailSettings>, keys: string[]]>([
  ["nothing wrong", { smtp: "m" }, []],
  ["no server", { smtp: "a b" }, ["smtp"]],
  ["a user without password", { smtp: { host: "m", username: "u" } }, ["smtp"]],
  ["a password in the clear", { smtp: { host: "m", username: "u", password: new Secret("p"), tls: "off" } }, ["smtp"]],
  ["no sender", { smtp: "m", from: "x" }, ["from"]],
  ["a template that cannot be read", { smtp: "m", text: "{{ x | nope }}" }, ["text"]],
  ["a recipient that is none", { smtp: "m", to: ["a@example.net", "x"] }, ["to"]],
])("settings: %s", ([, settings, keys]) => {
  const complete = { from: "a@example.net", to: ["b@example.net"], timeout: 1, ...settings } as EmailSettings;
  expect(problemsOf(complete).map(({ key }) => key)).toEqual(keys);
});
