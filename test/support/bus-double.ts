import { connect, createServer, type Server, type Socket } from "node:net";
import { BusReader, type BusValue, typesOf } from "../../agent/bus/bus-value.ts";

/** A value to be written, by its signature: a variant says which it holds. */
export type Written =
  | number
  | string
  | boolean
  | bigint
  | Buffer
  | readonly Written[]
  | { type: string; value: Written };

/** What a method answers: a signature and its values, or an error's name. */
export type BusMethod = (
  args: readonly BusValue[],
  path: string,
) => { type: string; values: readonly Written[] } | { error: string };
export type BusMethods = Readonly<Record<string, BusMethod>>;

const ALIGNED: Readonly<Record<string, number>> = { "(": 8, "{": 8, x: 8, t: 8, d: 8, y: 1, g: 1, v: 1, n: 2, q: 2 };

const textOf = (value: Written): Buffer => Buffer.from(value as string);

/** Writes values as D-Bus has them, little-endian. The agent only ever writes texts, so this is the tests' own. */
export function writeBusValues(signature: string, values: readonly Written[]): Buffer {
  let bytes = Buffer.alloc(0);
  const put = (...parts: Buffer[]): void => void (bytes = Buffer.concat([bytes, ...parts]));
  const align = (type: string): void => put(Buffer.alloc(-bytes.length & ((ALIGNED[type[0] ?? ""] ?? 4) - 1)));
  const word = (value: number): Buffer => Buffer.from(new Uint32Array([value]).buffer);
  const write = (type: string, value: Written): void => {
    align(type);
    if (type === "v") {
      const inner = value as { type: string; value: Written };
      put(Buffer.from([inner.type.length, ...Buffer.from(`${inner.type}\u0000`)]));
      write(inner.type, inner.value);
    } else if (type === "g") put(Buffer.from([textOf(value).length, ...textOf(value), 0]));
    else if (type === "s" || type === "o") put(word(textOf(value).length), textOf(value), Buffer.from([0]));
    else if (type.startsWith("(") || type.startsWith("{"))
      for (const [index, each] of typesOf(type.slice(1, -1)).entries())
        write(each, (value as readonly Written[])[index]!);
    else if (type.startsWith("a")) {
      put(word(0));
      const lengthAt = bytes.length - 4;
      align(type.slice(1));
      const from = bytes.length;
      for (const each of value as readonly Written[]) write(type.slice(1), each);
      bytes.writeUInt32LE(bytes.length - from, lengthAt);
    } else if (type === "t") put(Buffer.from(new BigUint64Array([BigInt(value as number)]).buffer));
    else if (type === "x") put(Buffer.from(new BigInt64Array([BigInt(value as number)]).buffer));
    else if (type === "d") put(Buffer.from(new Float64Array([Number(value)]).buffer));
    else if (type === "n" || type === "q") put(Buffer.from(new Int16Array([Number(value)]).buffer));
    else if (type === "y") put(Buffer.from([Number(value)]));
    else put(word(Number(value) >>> 0));
  };
  for (const [index, type] of typesOf(signature).entries()) write(type, values[index]!);
  return bytes;
}

interface Call {
  serial: number;
  kind: number;
  fields: ReadonlyMap<number, BusValue>;
  values: readonly BusValue[];
}

/** Reads whole messages from what has come; gives back what is left. */
function takeMessages(bytes: Buffer, each: (call: Call) => void): Buffer {
  let rest = bytes;
  while (rest.length >= 16) {
    const fieldsBytes = rest.readUInt32LE(12);
    const start = 16 + Math.ceil(fieldsBytes / 8) * 8;
    const length = start + rest.readUInt32LE(4);
    if (rest.length < length) break;
    const [list] = new BusReader(rest.subarray(0, start), { little: true, at: 12 }).values("a(yv)") as [
      [number, BusValue][],
    ];
    const fields = new Map(list);
    const body = new BusReader(rest.subarray(start, length), { little: true });
    each({ serial: rest.readUInt32LE(8), kind: rest[1]!, fields, values: body.values(String(fields.get(8) ?? "")) });
    rest = rest.subarray(length);
  }
  return rest;
}

export interface MessageParts {
  kind: number;
  serial: number;
  fields: readonly Written[];
  body?: Buffer;
}

export function writeBusMessage({ kind, serial, fields, body = Buffer.alloc(0) }: MessageParts): Buffer {
  const list = writeBusValues("a(yv)", [fields]).subarray(4);
  // `a(yv)` is aligned to eight, and begins at 16 in a message: its length stands right before.
  const entries = list.subarray(4);
  const head = Buffer.alloc(16);
  head.set([108, kind, 1, 1]);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(serial, 8);
  head.writeUInt32LE(entries.length, 12);
  return Buffer.concat([head, entries, Buffer.alloc(-entries.length & 7), body]);
}

function answerTo(call: Call, methods: BusMethods, serial: number): Buffer {
  const name = `${String(call.fields.get(2))}.${String(call.fields.get(3))}`;
  const found = methods[name]?.(call.values, String(call.fields.get(1))) ?? {
    error: "org.freedesktop.DBus.Error.UnknownMethod",
  };
  const sender = call.fields.get(7);
  const fields: Written[] = [[5, { type: "u", value: call.serial }]];
  if (typeof sender === "string") fields.push([6, { type: "s", value: sender }]);
  if ("error" in found)
    return writeBusMessage({ kind: 3, serial, fields: [...fields, [4, { type: "s", value: found.error }]] });
  const body = writeBusValues(found.type, found.values);
  if (found.type !== "") fields.push([8, { type: "g", value: found.type }]);
  return writeBusMessage({ kind: 2, serial, fields, body });
}

/** A message bus and the services on it in one, on a socket of its own: what the agent sees of a host. */
export class BusDouble {
  readonly calls: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  /** @param spoil what is sent instead of each answer, for a bus that is sick. */
  static async start(
    path: string,
    methods: BusMethods,
    spoil: (answer: Buffer) => Buffer = (answer) => answer,
  ): Promise<BusDouble> {
    const double = new BusDouble(methods, spoil);
    await new Promise<void>((done) => {
      double.#server.listen(path, done);
    });
    return double;
  }

  private constructor(methods: BusMethods, spoil: (answer: Buffer) => Buffer) {
    const all: BusMethods = { "org.freedesktop.DBus.Hello": () => ({ type: "s", values: [":1.7"] }), ...methods };
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      let rest: Buffer = Buffer.alloc(0);
      let isIn = false;
      let serial = 0;
      socket.on("error", () => undefined);
      socket.on("data", (chunk) => {
        rest = Buffer.concat([rest, chunk]);
        for (let end = rest.indexOf("\r\n"); !isIn && end >= 0; end = rest.indexOf("\r\n")) {
          const line = rest.toString("latin1", 0, end);
          rest = rest.subarray(end + 2);
          if (line.includes("AUTH EXTERNAL "))
            socket.write(spoil(Buffer.from("OK 0123456789abcdef0123456789abcdef\r\n")));
          isIn = line === "BEGIN";
        }
        if (!isIn) return;
        rest = takeMessages(rest, (call) => {
          this.calls.push(`${String(call.fields.get(3))} ${call.values.join(" ")}`.trim());
          serial++;
          socket.write(spoil(answerTo(call, all, serial)));
        });
      });
    });
  }

  stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((done) => {
      this.#server.close(() => done());
    });
  }
}

/** Puts services on a real bus: connects, takes the names, and answers calls until it is told to end. */
export async function serveOnBus(path: string, names: readonly string[], methods: BusMethods): Promise<() => void> {
  const socket = connect(path);
  let rest: Buffer = Buffer.alloc(0);
  let serial = 0;
  let toCome = names.length + 1;
  const ready = Promise.withResolvers<void>();
  const ask = (member: string, type = "", values: readonly Written[] = []): void => {
    serial++;
    const fields: Written[] = [
      [1, { type: "o", value: "/org/freedesktop/DBus" }],
      [3, { type: "s", value: member }],
      [6, { type: "s", value: "org.freedesktop.DBus" }],
    ];
    if (type !== "") fields.push([8, { type: "g", value: type }]);
    socket.write(writeBusMessage({ kind: 1, serial, fields, body: writeBusValues(type, values) }));
  };
  socket.on("error", (error) => ready.reject(error));
  socket.write(`\u0000AUTH EXTERNAL ${Buffer.from(String(process.getuid?.() ?? 0)).toString("hex")}\r\n`);
  socket.once("data", () => {
    socket.write("BEGIN\r\n");
    ask("Hello");
    for (const name of names) ask("RequestName", "su", [name, 0]);
    socket.on("data", (chunk) => {
      rest = takeMessages(Buffer.concat([rest, chunk]), (call) => {
        if (call.kind === 2 && --toCome === 0) ready.resolve();
        if (call.kind === 3) ready.reject(new Error(`the bus does not take us: ${call.values.join(" ")}`));
        if (call.kind === 1) socket.write(answerTo(call, methods, ++serial));
      });
    });
  });
  await ready.promise;
  return () => socket.destroy();
}
