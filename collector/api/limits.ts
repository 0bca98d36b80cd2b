/** How much of everything one server takes. All have defaults; the configuration's `limits` can change them. */
export interface ApiLimits {
  /** A request's body as it comes over the wire, when it is compressed. */
  bodyCompressedBytesMax: number;
  /** A request's body after decompression, or when it is not compressed. */
  bodyBytesMax: number;
  /** Decompressed size over compressed size. */
  compressionRatioMax: number;
  /** A CMDB to import. */
  importBytesMax: number;
  /** All bodies that are being read or handled at one time; beyond it requests get 503. */
  bodiesBytesMax: number;
  connectionsMax: number;
  requestsPerConnectionMax: number;
  requestTimeoutMs: number;
  headersTimeoutMs: number;
  /** Readers of the stream of changes. */
  streamClientsMax: number;
  /** Bytes that a reader of the stream may be behind before it is dropped. */
  streamBehindBytesMax: number;
}

const MIB = 1024 * 1024;

export const DEFAULT_API_LIMITS: ApiLimits = {
  bodyCompressedBytesMax: 4 * MIB,
  bodyBytesMax: 8 * MIB,
  compressionRatioMax: 100,
  importBytesMax: 128 * MIB,
  bodiesBytesMax: 256 * MIB,
  connectionsMax: 15_000,
  requestsPerConnectionMax: 10_000,
  requestTimeoutMs: 30_000,
  headersTimeoutMs: 10_000,
  streamClientsMax: 200,
  streamBehindBytesMax: 256 * 1024,
};
