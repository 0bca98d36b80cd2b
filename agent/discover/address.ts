import { endianness } from "node:os";

/** Where the bytes of a 32-bit word stand in its eight hexadecimal digits: the kernel writes them in the host's order. */
const BYTES = endianness() === "LE" ? [6, 4, 2, 0] : [0, 2, 4, 6];
const MAPPED = endianness() === "LE" ? "0000000000000000FFFF0000" : "00000000000000000000FFFF";

/**
 * The kernel's hexadecimal socket address, as /proc/net/tcp has it, as text.
 *
 * @returns IPv4 dotted, also where it is mapped into IPv6; IPv6 in the short form of RFC 5952; "" where it is neither.
 */
export function addressOfHex(hex: string): string {
  if (hex.length === 8) return ipv4(hex);
  if (hex.length !== 32) return "";
  // ::ffff:a.b.c.d
  if (hex.startsWith(MAPPED)) return ipv4(hex.slice(24));
  const groups: number[] = [];
  for (let word = 0; word < 32; word += 8) {
    const bytes = BYTES.map((at) => Number.parseInt(hex.slice(word + at, word + at + 2), 16));
    groups.push((bytes[0]! << 8) | bytes[1]!, (bytes[2]! << 8) | bytes[3]!);
  }
  return shortest(groups);
}

function ipv4(hex: string): string {
  return BYTES.map((at) => Number.parseInt(hex.slice(at, at + 2), 16)).join(".");
}

/** The longest run of zero groups becomes `::`; of equals the first; one group alone stays. */
function shortest(groups: readonly number[]): string {
  let best = { from: -1, length: 1 };
  for (let from = 0; from < groups.length; from++) {
    let length = 0;
    while (groups[from + length] === 0) length++;
    if (length > best.length) best = { from, length };
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  if (best.from < 0) return text(groups);
  return `${text(groups.slice(0, best.from))}::${text(groups.slice(best.from + best.length))}`;
}

export function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

/** Valid on one link only: says nothing of who it is. */
export function isLinkLocal(address: string): boolean {
  return address.startsWith("169.254.") || /^fe[89ab]/.test(address);
}

/** Multicast and broadcast: nobody in particular. */
export function isMany(address: string): boolean {
  const first = address.includes(":") ? 0 : Number.parseInt(address, 10);
  return (first >= 224 && first <= 239) || address === "255.255.255.255" || /^ff[0-9a-f]{2}:/.test(address);
}

/** `0.0.0.0` and `::`. */
export function isAny(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}
