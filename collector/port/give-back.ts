/**
 * Gives the memory of bytes back at once that nobody will read again: they are empty afterwards. What is only left lying is
 * counted by V8 until it has collected it, and every 64 MiB of it makes V8 look through all objects, the old ones too.
 * Bytes that lie in a larger buffer are left as they are: others lie there.
 */
export function giveBack(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  if (byteLength > 0 && buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
