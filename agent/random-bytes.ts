import { closeSync, openSync, readSync } from "node:fs";

/** Random bits from the kernel: loading Node's cryptography for them costs an agent more than a megabyte. */
export function randomBytes(count: number): Buffer {
  const bytes = Buffer.alloc(count);
  const file = openSync("/dev/urandom", "r");
  try {
    readSync(file, bytes);
  } finally {
    closeSync(file);
  }
  return bytes;
}
