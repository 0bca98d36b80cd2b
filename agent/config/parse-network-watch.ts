import { isScalar } from "yaml";
import type { CertificateWatch, DnsWatch, HttpWatch, PingWatch, PortWatch } from "./agent-config.ts";
import type { Read } from "./config-reader.ts";
import { common, every, isNumber, isText, missing, only, port, severity, text, timeout } from "./watch-reader.ts";

/** A name or an address, and never an option of the program that gets it. */
const PINGED = /^[A-Za-z0-9:][A-Za-z0-9._:%-]*$/;

/** `192.0.2.1`, or `{host: 192.0.2.1, count: 5, loss: 40%, rtt: 200ms}`. */
export const pingWatch: Read<PingWatch> = (reader, value) => {
  const read: Partial<PingKeys> | undefined = isText(value)
    ? only({ host: reader.text(value) })
    : reader.map<PingKeys>(value, {
        host: text,
        count: (r, v) => r.integer(v, 1, 10),
        loss: (r, v) => {
          const share = r.size(v);
          if (share === undefined) return undefined;
          if (share.percent && share.value > 0 && share.value <= 1) return share.value;
          return r.error(v, "AGENT_OUT_OF_RANGE", `${v.path} is no share of the packets`, "from 1% to 100%");
        },
        rtt: (r, v) => r.duration(v, "1ms", "10s"),
        every: (r, v) => r.duration(v, "15s", "1d"),
        ...common,
      });
  if (read === undefined) return undefined;
  const { host } = read;
  if (host === undefined) return missing(reader, value, "host", "the name or address to ask");
  if (!PINGED.test(host))
    return reader.error(
      value,
      "AGENT_BAD_VALUE",
      `${value.path} is no host`,
      "a name or an address, such as 192.0.2.1",
    );
  return {
    host,
    count: read.count ?? 3,
    loss: read.loss ?? 0.6,
    rttMs: read.rtt ?? null,
    everyMs: read.every ?? 60_000,
    severity: read.severity ?? "critical",
    forMs: read.for ?? 0,
  };
};

interface PingKeys {
  host: string;
  count: number;
  loss: number;
  rtt: number;
  every: number;
  severity: PingWatch["severity"];
  for: number;
}

interface PortKeys {
  host: string;
  port: number;
  severity: PortWatch["severity"];
  for: number;
  every: number;
  timeout: number;
}

/** `5432`, `db.example.net:5432`, or `{host: 127.0.0.1, port: 5432, timeout: 3s}`. */
export const portWatch: Read<PortWatch> = (reader, value) => {
  const defaults: Omit<PortKeys, "port"> = {
    host: "127.0.0.1",
    severity: "critical",
    for: 0,
    every: 10_000,
    timeout: 3000,
  };
  if (isNumber(value)) {
    const number = port(reader, value);
    return number === undefined ? undefined : portOf({ ...defaults, port: number });
  }
  if (isText(value)) {
    const match = /^(.+):(\d{1,5})$/.exec(reader.text(value) ?? "");
    const number = Number(match?.[2]);
    if (match === null || number < 1 || number > 65_535)
      return reader.error(
        value,
        "AGENT_BAD_VALUE",
        `${value.path} is no address with a port`,
        "such as 127.0.0.1:5432",
      );
    return portOf({ ...defaults, host: (match[1] ?? "").replace(/^\[(.*)\]$/, "$1"), port: number });
  }
  const read = reader.map<PortKeys>(value, {
    host: text,
    port,
    every,
    timeout,
    ...common,
  });
  if (read === undefined) return undefined;
  if (read.port === undefined) return missing(reader, value, "port", "the TCP port");
  return portOf({ ...defaults, ...read, port: read.port });
};

const portOf = (read: PortKeys): PortWatch => ({
  host: read.host,
  port: read.port,
  severity: read.severity,
  forMs: read.for,
  everyMs: read.every,
  timeoutMs: read.timeout,
});

const address: Read<string> = (reader, value) => {
  const source = reader.text(value);
  if (source === undefined) return undefined;
  const url = URL.parse(source);
  if (url === null || !/^https?:$/.test(url.protocol))
    return reader.error(
      value,
      "AGENT_BAD_VALUE",
      `${value.path} is no http or https address`,
      "such as https://www.example.net/health",
    );
  return source;
};

/** `200`, or `200-399`. */
const status: Read<{ from: number; to: number }> = (reader, value) => {
  const source = isScalar(value.node) ? String(value.node.value) : "";
  const match = /^(\d{3})(?:-(\d{3}))?$/.exec(source);
  if (match === null) return reader.error(value, "AGENT_BAD_VALUE", `${value.path} is no status`, "200, or 200-399");
  return { from: Number(match[1]), to: Number(match[2] ?? match[1]) };
};

export const httpWatch: Read<HttpWatch> = (reader, value) => {
  const read:
    | Partial<Omit<HttpWatch, "everyMs" | "timeoutMs" | "forMs"> & { every: number; timeout: number; for: number }>
    | undefined = isText(value)
    ? only({ url: address(reader, value) })
    : reader.map<Omit<HttpWatch, "everyMs" | "timeoutMs" | "forMs"> & { every: number; timeout: number; for: number }>(
        value,
        {
          name: text,
          url: address,
          status,
          contains: (r, v) => r.text(v),
          every,
          timeout,
          ...common,
        },
      );
  if (read === undefined) return undefined;
  if (read.url === undefined) return missing(reader, value, "url", "the address to ask");
  return {
    name: read.name ?? read.url,
    url: read.url,
    status: read.status ?? { from: 200, to: 399 },
    contains: read.contains ?? null,
    severity: read.severity ?? "critical",
    forMs: read.for ?? 0,
    everyMs: read.every ?? 30_000,
    timeoutMs: read.timeout ?? 10_000,
  };
};

export function certificateWatch(place: (path: string) => string): Read<CertificateWatch> {
  return (reader, value) => {
    const ahead: Read<number> = (r, v) => r.duration(v, "1h", "52w");
    const read = reader.map<{
      name: string;
      host: string;
      port: number;
      serverName: string;
      file: string;
      warn: number;
      critical: number;
      severity: CertificateWatch["severity"];
      every: number;
      timeout: number;
    }>(value, {
      name: text,
      host: text,
      port,
      serverName: text,
      file: text,
      warn: ahead,
      critical: ahead,
      severity,
      every,
      timeout,
    });
    if (read === undefined) return undefined;
    if ((read.host === undefined) === (read.file === undefined))
      return reader.error(
        value,
        "AGENT_CONTRADICTION",
        `${value.path} needs a host or a file, one of them`,
        "host: www.example.net, or file: server.pem",
      );
    return {
      name: read.name ?? read.host ?? read.file ?? "",
      host: read.host ?? null,
      port: read.port ?? 443,
      serverName: read.serverName ?? null,
      file: read.file === undefined ? null : place(read.file),
      warnMs: read.warn ?? 21 * 86_400_000,
      criticalMs: read.critical ?? 3 * 86_400_000,
      severity: read.severity ?? "warning",
      forMs: 0,
      everyMs: read.every ?? 3_600_000,
      timeoutMs: read.timeout ?? 10_000,
    };
  };
}

const RECORDS = ["A", "AAAA", "CNAME", "MX", "TXT", "SRV", "NS"] as const;

export const dnsWatch: Read<DnsWatch> = (reader, value) => {
  type Keys = Omit<DnsWatch, "everyMs" | "timeoutMs" | "forMs"> & { every: number; timeout: number; for: number };
  const read: Partial<Keys> | undefined = isText(value)
    ? only({ name: reader.text(value) })
    : reader.map<Keys>(value, {
        name: text,
        type: (r, v) => r.oneOf(v, RECORDS),
        server: (r, v) => r.text(v),
        contains: (r, v) => r.text(v),
        every,
        timeout,
        ...common,
      });
  if (read === undefined) return undefined;
  if (read.name === undefined) return missing(reader, value, "name", "the name to resolve");
  return {
    name: read.name,
    type: read.type ?? "A",
    server: read.server ?? null,
    contains: read.contains ?? null,
    severity: read.severity ?? "major",
    forMs: read.for ?? 0,
    everyMs: read.every ?? 30_000,
    timeoutMs: read.timeout ?? 5000,
  };
};
