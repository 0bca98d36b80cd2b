import { createHash } from "node:crypto";
import snmp from "net-snmp";

/** Localised keys that are kept, a pair of them for each user and engine; when there are more, all are made anew. */
const KEYS_MAX = 20_000;
/** Passwords whose first digest is kept: those of the configured users, and of ciphers that derive one from another. */
const DIGESTS_MAX = 256;

/** The part of the library that makes keys. */
interface KeyMaker {
  algorithms: Readonly<Record<string, { CRYPTO_ALGORITHM: string }>>;
  HMAC_BUFFER_SIZE: number;
  passwordToKey(protocol: string, password: string, engine: Buffer): Buffer;
}

let isCheap = false;

/**
 * Makes SNMPv3's keys cheap. RFC 3414 (A.2) hashes a megabyte made of the password and then, with the engine's id, a few
 * dozen bytes; the library does both again for each engine that speaks, so that whoever invents engine ids makes us
 * compute milliseconds for each packet. The first step does not depend on the engine: it is done once for each password.
 */
export function makeKeysCheap(): void {
  if (isCheap) return;
  isCheap = true;
  const maker = (snmp as unknown as { Authentication: KeyMaker }).Authentication;
  const digests = new Map<string, Buffer>();
  const keys = new Map<string, Buffer>();
  maker.passwordToKey = (protocol, password, engine) => {
    const owner = `${protocol} ${password}`;
    const name = `${owner} ${engine.toString("base64")}`;
    const known = keys.get(name);
    if (known !== undefined) return known;
    const algorithm = maker.algorithms[protocol]?.CRYPTO_ALGORITHM ?? "";
    let digest = digests.get(owner);
    if (digest === undefined) {
      digest = createHash(algorithm).update(Buffer.alloc(maker.HMAC_BUFFER_SIZE, password)).digest();
      if (digests.size >= DIGESTS_MAX) digests.delete(digests.keys().next().value ?? "");
      digests.set(owner, digest);
    }
    const key = createHash(algorithm).update(digest).update(engine).update(digest).digest();
    if (keys.size >= KEYS_MAX) keys.clear();
    keys.set(name, key);
    return key;
  };
}

/**
 * What to do with a packet before the library computes anything for it: `broken` and `unknownUser` are refused. Versions 1
 * and 2c pass, and so do discoveries, which name nobody.
 */
export function admit(packet: Buffer, users: ReadonlySet<string>): "pass" | "broken" | "unknownUser" {
  const version = versionOf(packet);
  if (version === undefined) return "broken";
  if (version.number !== 3) return "pass";
  const user = userOf(packet, version.end);
  if (user === undefined) return "broken";
  return user === "" || users.has(user) ? "pass" : "unknownUser";
}

/** As whom a message of version 3 speaks; undefined for others. */
export function userNameOf(packet: Buffer): string | undefined {
  const version = versionOf(packet);
  return version?.number === 3 ? userOf(packet, version.end) : undefined;
}

function versionOf(packet: Buffer): { number: number; end: number } | undefined {
  const message = element(packet, 0, 0x30);
  const version = message && element(packet, message.start, 0x02);
  if (version === undefined || version.end - version.start !== 1) return undefined;
  return { number: packet[version.start] ?? -1, end: version.end };
}

/** Of a version 3 message (RFC 3412 section 6, RFC 3414 section 2.4). */
function userOf(packet: Buffer, at: number): string | undefined {
  const global = element(packet, at, 0x30);
  const parameters = global && element(packet, global.end, 0x04);
  const usm = parameters && element(packet, parameters.start, 0x30);
  const engine = usm && element(packet, usm.start, 0x04);
  const boots = engine && element(packet, engine.end, 0x02);
  const time = boots && element(packet, boots.end, 0x02);
  const user = time && element(packet, time.end, 0x04);
  return user && packet.toString("utf8", user.start, user.end);
}

/** The content of the BER element at `at`, if it has this tag and ends within the packet. */
function element(packet: Buffer, at: number, tag: number): { start: number; end: number } | undefined {
  if (packet[at] !== tag) return undefined;
  const first = packet[at + 1];
  if (first === undefined) return undefined;
  let length = first;
  let start = at + 2;
  if (first >= 0x80) {
    const size = first & 0x7f;
    if (size === 0 || size > 3 || start + size > packet.length) return undefined;
    length = packet.readUIntBE(start, size);
    start += size;
  }
  return start + length <= packet.length ? { start, end: start + length } : undefined;
}
