import type { DeliveryFailure } from "./delivery-failure.ts";

export interface OutgoingRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Absolute, http or https. */
  url: string;
  headers: Readonly<Record<string, string>>;
  body: string | null;
  /** Aborts when the attempt's time is up: the result is then `failed`, `timeout`. */
  signal: AbortSignal;
}

/** The outside world's answer as a value. A redirect is an answer like any other: it is never followed. */
export type OutgoingResult =
  | {
      status: "answered";
      httpStatus: number;
      /** Names in lower case; of repeated ones the first. */
      headers: Readonly<Record<string, string>>;
      /** UTF-8, at most 64 KiB. */
      body: string;
      /** There was more than that; the rest was not read. */
      truncated: boolean;
    }
  | { status: "failed"; reason: DeliveryFailure; detail: string };

/** Where a host name leads after every address was vetted; connect to `address`, name `host` in TLS and in messages. */
export type VettedTarget =
  | { status: "allowed"; address: string; family: 4 | 6 }
  | { status: "failed"; reason: DeliveryFailure; detail: string };

/**
 * The one way out of the house. It resolves a name once, refuses private and loopback addresses that the configuration
 * does not allow, connects to the very address that was vetted, follows no redirect and uses no proxy.
 */
export interface Outgoing {
  send(request: OutgoingRequest): Promise<OutgoingResult>;
  /** For protocols other than HTTP. */
  vet(host: string, signal: AbortSignal): Promise<VettedTarget>;
  close(): Promise<void>;
}
