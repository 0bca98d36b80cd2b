import { documentOf, listOf } from "../field.ts";

/** One variable of a trap, as text for people and tables. */
export interface Varbind {
  oid: string;
  text: string;
}

/** A notification of any version, in the form of version 2: one OID says what it is (RFC 3584, section 3.1). */
export interface Trap {
  oid: string;
  /** Of the device: what the trap says, else where the packet came from. */
  address: string;
  /** Without sysUpTime and snmpTrapOID. */
  varbinds: readonly Varbind[];
}

const SYS_UP_TIME = "1.3.6.1.2.1.1.3.0";
const TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0";
const TRAP_ADDRESS = "1.3.6.1.6.3.18.1.3.0";
const GENERIC = "1.3.6.1.6.3.1.1.5";
const ENTERPRISE_SPECIFIC = 6;
const VARBINDS_MAX = 100;

/** Printable text; anything else, a MAC address for example, in hex. */
function bytesText(bytes: Buffer): string {
  const plain = bytes.at(-1) === 0 ? bytes.subarray(0, -1) : bytes;
  const text = plain.toString("utf8");
  const isPrintable = !/[^\P{Cc}\t\n\r]|\ufffd/u.test(text);
  return isPrintable ? text.trim().slice(0, 1024) : plain.toString("hex", 0, 256).replace(/..(?=.)/g, "$&:");
}

function textOf(value: unknown): string {
  if (Buffer.isBuffer(value)) return bytesText(value);
  return typeof value === "string" || typeof value === "number" || typeof value === "bigint" ? String(value) : "";
}

const isAddress = (text: unknown): text is string =>
  typeof text === "string" && /^\d{1,3}(?:\.\d{1,3}){3}$/.test(text) && text !== "0.0.0.0";

/**
 * Reads what the SNMP library decoded; undefined for what is no notification.
 *
 * @param from where the packet came from. A proxy or NAT may stand between; the device's own word comes first.
 */
export function readTrap(pdu: unknown, from: string): Trap | undefined {
  const document = documentOf(pdu);
  if (document === undefined) return undefined;
  const all = listOf(document["varbinds"])
    .slice(0, VARBINDS_MAX)
    .flatMap((item) => {
      const varbind = documentOf(item);
      const oid = varbind?.["oid"];
      return typeof oid === "string" ? [{ oid, text: textOf(varbind?.["value"]) }] : [];
    });
  const varbinds = all.filter(({ oid }) => oid !== SYS_UP_TIME && oid !== TRAP_OID);
  const { enterprise, generic, specific, agentAddr } = document;
  if (typeof enterprise === "string" && typeof generic === "number") {
    const oid = generic === ENTERPRISE_SPECIFIC ? `${enterprise}.0.${Number(specific)}` : `${GENERIC}.${generic + 1}`;
    return { oid, address: isAddress(agentAddr) ? agentAddr : from, varbinds };
  }
  const oid = all.find((varbind) => varbind.oid === TRAP_OID)?.text;
  if (oid === undefined || !/^\d+(?:\.\d+)+$/.test(oid)) return undefined;
  const told = varbinds.find((varbind) => varbind.oid === TRAP_ADDRESS)?.text;
  return { oid, address: isAddress(told) ? told : from, varbinds };
}

/**
 * The OID as tables write it. Vendors whose version 2 OID has no `.0.` before the last number send one through
 * version 1: both spellings are one.
 */
export const plainOid = (oid: string): string => oid.replace(/\.0\.(\d+)$/, ".$1");

/** The first variable of a column, or the very variable: its text and what follows the column in its OID. */
export function find(trap: Trap, column: string): { text: string; index: string } | undefined {
  for (const { oid, text } of trap.varbinds) {
    if (oid === column) return { text, index: "" };
    if (oid.startsWith(`${column}.`)) return { text, index: oid.slice(column.length + 1) };
  }
  return undefined;
}
