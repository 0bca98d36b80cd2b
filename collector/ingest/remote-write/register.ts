import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { giveBack } from "../../port/give-back.ts";
import { Refusal, type IngestPorts, type RouteConfig } from "../../port/ingest.ts";
import { bytesOf } from "../body.ts";
import { type CiLabelOptions, DEFAULT_CI_LABELS } from "../ci-label.ts";
import { countDropped } from "../submit.ts";
import { ProtobufFault } from "./protobuf.ts";
import { SampleCollector, SOURCE, type WriteTotals } from "./sample-collector.ts";
import { SeriesBook } from "./series-book.ts";
import { snappyDecode } from "./snappy.ts";
import { readWriteRequest1 } from "./write-request-1.ts";
import { readWriteRequest2 } from "./write-request-2.ts";

const ADAPTER = "remoteWrite";

export interface RemoteWriteOptions {
  ciLabels?: CiLabelOptions;
  /** Bytes of the largest message after decompression. Default 32 MiB. */
  messageSizeBytesMax?: number;
  /** Series remembered to make writing them again cheap; about 1 KiB each. Default 100,000. */
  rememberedMax?: number;
}

const WRITE: RouteConfig = {
  roles: ["agent", "operator"],
  body: "bytes",
  ownEncodings: ["snappy"],
  renderError: ({ message }) => ({ contentType: "text/plain; charset=utf-8", body: `${message}\n` }),
};

type Version = 1 | 2;

/** Prometheus remote write 1.0 and 2.0, at `/api/v1/write`. */
export function registerRemoteWrite(app: FastifyInstance, ports: IngestPorts, options: RemoteWriteOptions = {}): void {
  const sizeMax = options.messageSizeBytesMax ?? 32 * 1024 * 1024;
  const book = new SeriesBook({
    ciLabels: options.ciLabels ?? DEFAULT_CI_LABELS,
    isKnownCi: (name) => ports.query.ci(name)?.known === true,
    rememberedMax: options.rememberedMax ?? 100_000,
    familiesMax: 20_000,
  });
  app.post("/api/v1/write", { config: WRITE }, (request, reply) => {
    const version = versionOf(request);
    const message = decompress(ports, request, sizeMax);
    const collector = new SampleCollector(book);
    const fault = readMessage(version, message, collector);
    const totals = collector.write(ports.samples, ports.clock.now());
    giveBack(message);
    countSamples(ports, totals);
    if (version === 2) tellWritten(reply, totals);
    if (fault !== undefined) countDropped(ports, ADAPTER, "badMessage");
    refuseWhereNeeded(fault, totals);
    return reply.code(204).send();
  });
}

/** By content type, as the specification of 2.0 says; an unknown one is 415, upon which a sender falls back to 1.0. */
function versionOf(request: FastifyRequest): Version {
  const [type = "", ...parameters] = (request.headers["content-type"] ?? "").toLowerCase().split(";");
  const isProtobuf = type.trim() === "application/x-protobuf";
  const proto = parameters
    .map((parameter) => parameter.trim().replaceAll('"', ""))
    .find((parameter) => parameter.startsWith("proto="));
  if (isProtobuf && (proto === undefined || proto === "proto=prometheus.writerequest")) return 1;
  if (isProtobuf && proto === "proto=io.prometheus.write.v2.request") return 2;
  throw new Refusal(415, "unsupportedType", "the content type must be application/x-protobuf, with or without proto");
}

/** Snappy, as both versions demand; a server that has undone the encoding already has taken the header away. */
function decompress(ports: IngestPorts, request: FastifyRequest, sizeMax: number): Buffer {
  const encoding = (request.headers["content-encoding"] ?? "snappy").toLowerCase();
  if (encoding !== "snappy") throw new Refusal(415, "unsupportedEncoding", "the content encoding must be snappy");
  const body = bytesOf(request.body);
  const result = snappyDecode(body, sizeMax);
  giveBack(body);
  if (result.ok) return result.bytes;
  countDropped(ports, ADAPTER, result.fault);
  if (result.fault === "tooLarge") throw new Refusal(413, "tooLarge", `snappy: ${result.message}`);
  throw new Refusal(400, "badSnappy", `snappy: ${result.message}`);
}

/** What is wrong with the message; what stood before the fault was visited. */
function readMessage(version: Version, message: Buffer, collector: SampleCollector): string | undefined {
  try {
    if (version === 1) readWriteRequest1(message, collector);
    else readWriteRequest2(message, collector);
    return undefined;
  } catch (error) {
    if (error instanceof ProtobufFault) return error.message;
    throw error;
  }
}

function countSamples({ telemetry }: IngestPorts, { samples, dropped, refused }: WriteTotals): void {
  if (samples > 0) telemetry.count("tocsin_samples_total", { source: SOURCE }, samples);
  for (const [reason, count] of Object.entries(refused))
    telemetry.count("tocsin_samples_rejected_total", { source: SOURCE, reason }, count);
  for (const [reason, count] of Object.entries(dropped)) countDropped({ telemetry }, ADAPTER, reason, count);
}

function tellWritten(reply: FastifyReply, totals: WriteTotals): void {
  void reply.header("X-Prometheus-Remote-Write-Samples-Written", String(totals.samples));
  void reply.header("X-Prometheus-Remote-Write-Histograms-Written", String(totals.histograms));
  void reply.header("X-Prometheus-Remote-Write-Exemplars-Written", String(totals.exemplars));
}

/** A sender repeats what got 5xx and drops what got 4xx: only what can succeed later may be 503. */
function refuseWhereNeeded(fault: string | undefined, totals: WriteTotals): void {
  if (fault !== undefined) throw new Refusal(400, "badMessage", `protobuf: ${fault}`);
  const { overload = 0, ...others } = totals.refused;
  if (overload > 0)
    throw new Refusal(503, "overloaded", `${overload} samples were not taken; send them again`, { retryAfterS: 5 });
  const reasons = Object.entries(others).filter(([, count]) => count > 0);
  if (reasons.length > 0)
    throw new Refusal(400, "rejected", reasons.map(([reason, count]) => `${count} samples: ${reason}`).join(", "));
}
