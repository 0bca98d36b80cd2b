import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import snmp from "net-snmp";

const BLOCK_BYTES = 8;
/** OpenSSL 3 has DES only among what it calls legacy, and Node not at all; three rounds with one key are the same. */
const CIPHER = "des-ede3-cbc";

interface Engine {
  engineID: Buffer;
}

/** The part of the library that enciphers; its DES asks Node for a cipher that is not there. */
interface Encryption {
  algorithms: Record<
    string,
    {
      encryptPdu(pdu: Buffer, protocol: string, password: string, authentication: string, engine: Engine): Enciphered;
      decryptPdu(
        ...call: [pdu: Buffer, protocol: string, salt: Buffer, password: string, authentication: string, engine: Engine]
      ): Buffer;
    }
  >;
}

interface Enciphered {
  encryptedPdu: Buffer;
  msgPrivacyParameters: Buffer;
}

interface KeyMaker {
  passwordToKey(protocol: string, password: string, engine: Buffer): Buffer;
}

let isMended = false;

/** Gives the library the privacy protocol of RFC 3414 (section 8), which old devices have and nothing better. */
export function makeDesWork(): void {
  if (isMended) return;
  isMended = true;
  const { Authentication, Encryption } = snmp as unknown as { Authentication: KeyMaker; Encryption: Encryption };
  const algorithm = Encryption.algorithms[snmp.PrivProtocols.des];
  if (algorithm === undefined) return;
  const keyAndIv = (salt: Buffer, password: string, authentication: string, { engineID }: Engine): [Buffer, Buffer] => {
    const made = Authentication.passwordToKey(authentication, password, engineID);
    const key = made.subarray(0, BLOCK_BYTES);
    const iv = Buffer.from(made.subarray(BLOCK_BYTES, 2 * BLOCK_BYTES));
    for (let at = 0; at < BLOCK_BYTES; at += 1) iv[at] = (iv[at] ?? 0) ^ (salt[at] ?? 0);
    return [Buffer.concat([key, key, key]), iv];
  };
  algorithm.decryptPdu = (...[pdu, , salt, password, authentication, engine]) => {
    const decipher = createDecipheriv(CIPHER, ...keyAndIv(salt, password, authentication, engine)).setAutoPadding(
      false,
    );
    return Buffer.concat([decipher.update(pdu), decipher.final()]);
  };
  algorithm.encryptPdu = (pdu, _protocol, password, authentication, engine) => {
    const salt = randomBytes(BLOCK_BYTES);
    const padding = Buffer.alloc((BLOCK_BYTES - (pdu.length % BLOCK_BYTES)) % BLOCK_BYTES);
    const cipher = createCipheriv(CIPHER, ...keyAndIv(salt, password, authentication, engine)).setAutoPadding(false);
    return {
      encryptedPdu: Buffer.concat([cipher.update(pdu), cipher.update(padding), cipher.final()]),
      msgPrivacyParameters: salt,
    };
  };
}
