import type { Static } from "typebox";
import { duration, oneOrMany, secret } from "../../port/config-schema.ts";
import type { SettingsProblem } from "../../port/connector.ts";
import type { Secret } from "../../port/secret.ts";
import { templateProblem } from "../template.ts";
import { Type } from "../../port/type-builder.ts";

/** How the connection is protected. */
const TLS_MODES = ["implicit", "required", "ifOffered", "off"] as const;
type TlsMode = (typeof TLS_MODES)[number];

export const EmailSettings = Type.Object({
  smtp: Type.Union(
    [
      Type.String({ minLength: 1, maxLength: 300 }),
      Type.Object({
        host: Type.String({ minLength: 1, maxLength: 253, description: "Name or address of the server." }),
        port: Type.Optional(
          Type.Integer({
            minimum: 1,
            maximum: 65_535,
            description: "By default 465 with `tls: implicit`, 587 with a user name, else 25.",
          }),
        ),
        tls: Type.Optional(
          Type.Enum([...TLS_MODES], {
            description:
              "implicit: TLS from the first byte. required: STARTTLS or nothing. ifOffered: STARTTLS where the server offers it, whatever its certificate. off: never. By default `required` with a user name, else `ifOffered`.",
          }),
        ),
        username: Type.Optional(Type.String({ minLength: 1, maxLength: 256, description: "Who logs in." })),
        password: Type.Optional(secret({ description: "Its password." })),
      }),
    ],
    {
      description:
        "The mail server: `smtp.example.net:587`, `smtps://smtp.example.net`, or a mapping with user and password.",
    },
  ),
  from: Type.String({
    minLength: 3,
    maxLength: 320,
    description: "Sender: `tocsin@example.net` or `Tocsin <tocsin@example.net>`.",
  }),
  to: oneOrMany(Type.String({ minLength: 3, maxLength: 320 }), {
    minItems: 1,
    description: "Who gets the mail; never taken from monitoring data.",
  }),
  subject: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 1000,
      description: "Liquid template of the subject; taken from the first mail, for the whole thread.",
    }),
  ),
  text: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 20_000,
      description: "Liquid template of the whole mail as plain text, instead of the built-in one.",
    }),
  ),
  timeout: duration({ default: "30s", least: "1s", most: "2m", description: "How long one attempt may take." }),
});
export type EmailSettings = Static<typeof EmailSettings>;

export interface MailServer {
  host: string;
  port: number;
  tls: TlsMode;
  login: { username: string; password: Secret } | null;
}

export interface MailAddress {
  name: string;
  address: string;
}

/** `a@b.example` or `Name <a@b.example>`; nothing that could begin another header or another recipient. */
export function parseAddress(text: string): MailAddress | null {
  const match = /^(?:\s*"?([^"<>\p{Cc}]*?)"?\s*<([^\s<>]+)>|([^\s<>]+))\s*$/u.exec(text);
  const address = match?.[2] ?? match?.[3] ?? "";
  if (!/^[^\s@<>(),:;[\]\\"]{1,64}@[^\s@<>(),:;\\"]{1,255}$/u.test(address)) return null;
  return { name: match?.[1] ?? "", address };
}

function serverOfText(text: string): MailServer | null {
  const match = /^(?:(smtps?):\/\/)?(?:\[([0-9a-fA-F:.]+)\]|([^\s:/@[\]]+))(?::(\d{1,5}))?\/?$/.exec(text);
  if (match === null) return null;
  const [, protocol, bracketed, plain, digits] = match;
  const tls: TlsMode = protocol === "smtps" ? "implicit" : "ifOffered";
  const port = digits === undefined ? (tls === "implicit" ? 465 : 25) : Number(digits);
  return port < 1 || port > 65_535 ? null : { host: bracketed ?? plain ?? "", port, tls, login: null };
}

/** The mail server of the settings with its defaults; null where the text cannot be read. */
export function serverOf({ smtp }: EmailSettings): MailServer | null {
  if (typeof smtp === "string") return serverOfText(smtp);
  const { username, password } = smtp;
  const login = username === undefined || password === undefined ? null : { username, password };
  const tls = smtp.tls ?? (login === null ? "ifOffered" : "required");
  const port = smtp.port ?? (tls === "implicit" ? 465 : login === null ? 25 : 587);
  return { host: smtp.host.replace(/^\[|\]$/g, ""), port, tls, login };
}

export function problemsOf(settings: EmailSettings): SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  const { smtp } = settings;
  if (serverOf(settings) === null)
    problems.push({
      key: "smtp",
      message: '"smtp" is not a mail server',
      hint: "write smtp.example.net:587, or a mapping { host, port, username, passwordFile }",
    });
  if (typeof smtp !== "string" && (smtp.username === undefined) !== (smtp.password === undefined))
    problems.push({ key: "smtp", message: "username and password belong together", hint: "give both, or neither" });
  if (typeof smtp !== "string" && smtp.username !== undefined && (smtp.tls === "off" || smtp.tls === "ifOffered"))
    problems.push({
      key: "smtp",
      message: `with tls: ${smtp.tls} the password could cross the network in the clear`,
      hint: "use tls: required or tls: implicit",
    });
  if (parseAddress(settings.from) === null)
    problems.push({ key: "from", message: '"from" is not an e-mail address', hint: "write tocsin@example.net" });
  for (const to of settings.to)
    if (parseAddress(to) === null)
      problems.push({
        key: "to",
        message: `an entry of "to" is not an e-mail address`,
        hint: "write one address an entry",
      });
  for (const key of ["subject", "text"] as const) {
    const problem = templateProblem(key, settings[key]);
    if (problem !== undefined) problems.push(problem);
  }
  return problems;
}
