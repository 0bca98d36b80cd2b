import { readFileSync } from "node:fs";
import protobuf from "protobufjs";

const FOLDER = new URL("../../collector/ingest/remote-write/testdata/prompb/", import.meta.url);

/** The files carry options for Go's code generator, which the wire does not know. */
function load(...paths: string[]): protobuf.Root {
  const root = new protobuf.Root();
  for (const path of paths) {
    const text = readFileSync(new URL(path, FOLDER), "utf8")
      .replace(/^import .*$/gm, "")
      .replace(/\s*\[[^\]]*gogoproto[^\]]*\]/g, "");
    protobuf.parse(text, root, { keepCase: true });
  }
  return root;
}

const one = load("types.proto", "remote.proto").lookupType("prometheus.WriteRequest");
const two = load("io/prometheus/write/v2/types.proto").lookupType("io.prometheus.write.v2.Request");

/** Encodes with protobufjs from Prometheus' own definitions, so that our reader is not checked by our own writer. */
export const encodeWriteRequest1 = (message: object): Buffer =>
  Buffer.from(one.encode(one.fromObject(message)).finish());
export const encodeWriteRequest2 = (message: object): Buffer =>
  Buffer.from(two.encode(two.fromObject(message)).finish());

/** Labels of version 2: the table of symbols and the references. */
export function symbolise(series: readonly Record<string, string>[]): { symbols: string[]; refs: number[][] } {
  const symbols = [""];
  const ref = (text: string): number => {
    const at = symbols.indexOf(text);
    return at >= 0 ? at : symbols.push(text) - 1;
  };
  return { refs: series.map((labels) => Object.entries(labels).flatMap(([n, v]) => [ref(n), ref(v)])), symbols };
}
