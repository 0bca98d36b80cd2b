import type { Clock } from "../clock.ts";

const TIMEOUT_MS = 1000;

/** One datagram to a service on loopback and its answer; null where nobody answers within a second. */
export async function askDatagram(clock: Clock, port: number, question: Buffer): Promise<Buffer | null> {
  // Loaded only where such a service runs.
  const { createSocket } = await import("node:dgram");
  return new Promise((resolve) => {
    const socket = createSocket("udp4");
    const done = (answer: Buffer | null): void => {
      cancel();
      socket.close();
      resolve(answer);
    };
    const cancel = clock.after(TIMEOUT_MS, () => done(null));
    socket.unref();
    // Nobody listens there.
    socket.on("error", () => done(null));
    socket.on("message", done);
    socket.connect(port, "127.0.0.1", (error?: Error) => {
      if (error === undefined) socket.send(question);
    });
  });
}
