import type { Static, TSchema } from "typebox";
import type { Json } from "../core/model/ledger.ts";
import type { Notification } from "../core/model/notification.ts";
import type { Milliseconds } from "../core/model/time.ts";
import type { Clock } from "./clock.ts";
import type { DeliveryFailure } from "./delivery-failure.ts";
import type { Outgoing } from "./outgoing.ts";
import type { CardOf } from "./ci-card.ts";
import type { RunbookShelf } from "./runbooks.ts";
import type { Log } from "./telemetry.ts";

/**
 * The outside world's answer, as a value; a connector never throws for it.
 * `reference` is what the connector wants back the next time it is asked about the same incident (a chat thread's id, a ticket's id).
 */
export type DeliveryResult =
  | { status: "success"; reference?: Json }
  | { status: "retryable"; reason: DeliveryFailure; detail: string; retryInMs?: Milliseconds }
  | { status: "permanent"; reason: DeliveryFailure; detail: string };

/** What a look at a receiver's own record of an incident found, and what was done. */
export type Reconciled =
  | { status: "agrees" }
  | { status: "drifted"; drift: "closed" | "deleted" }
  | { status: "left"; drift: "closed" | "deleted" }
  | { status: "repaired"; drift: "closed" | "deleted"; reference?: Json }
  | { status: "failed"; detail: string };

export interface Delivery {
  notification: Notification;
  /** What this connector returned last for the same incident and receiver; undefined the first time. */
  reference: Json | undefined;
  /** 1 for the first attempt. */
  attempt: number;
  /** Aborts when the attempt's time is up. */
  signal: AbortSignal;
}

/** One way to tell people or a tool. One instance a configured receiver; `deliver` may be called again with the same key. */
export interface Connector {
  readonly kind: string;
  deliver(delivery: Delivery): Promise<DeliveryResult>;
  /**
   * Where the receiver keeps a record of its own (a ticket): whether it still says that the incident is open. `mayRepair`:
   * do what the settings say where it does not; otherwise only look.
   */
  reconcile?(delivery: Delivery, mayRepair: boolean): Promise<Reconciled>;
  close?(): Promise<void>;
}

/** What a connector may use of the house. */
export interface ConnectorPorts {
  outgoing: Outgoing;
  clock: Clock;
  log: Log;
  /** Where people reach the collector, for links in messages, without a slash at its end; null = no links. */
  externalUrl: string | null;
  /** The runbook of a check of our own rules; absent = none has one. */
  runbooks?: Pick<RunbookShelf, "of">;
  /** What the CMDB says of a CI; absent = nothing of any. */
  cardOf?: CardOf;
}

/** A mistake that a schema cannot say: `key` is where it stands, "" for the receiver as a whole. */
export interface SettingsProblem {
  key: string;
  message: string;
  hint: string;
}

/** A way to tell people or a tool, as the configuration knows it. */
export interface ConnectorKind {
  /** The key in `receivers`, the product's name in camel case. */
  readonly kind: string;
  /** One sentence for the reference page. */
  readonly description: string;
  readonly schema: TSchema;
  /** Rules that span several keys. */
  check?(settings: unknown): SettingsProblem[];
  /** Hosts it will call, so that a private one is told at load and not at the first page. */
  targets?(settings: unknown): string[];
  /** Connects to nothing yet. */
  create(settings: unknown, ports: ConnectorPorts): Connector;
}

/** Ties a connector's settings to its schema. The configuration gives it only what the schema has let through. */
export function defineConnector<Schema extends TSchema>(definition: {
  kind: string;
  description: string;
  schema: Schema;
  check?(settings: Static<Schema>): SettingsProblem[];
  targets?(settings: Static<Schema>): string[];
  create(settings: Static<Schema>, ports: ConnectorPorts): Connector;
}): ConnectorKind {
  return definition;
}
