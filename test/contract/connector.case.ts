import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { VettedOutgoing } from "../../collector/connector/outgoing.ts";
import type { Notification } from "../../collector/core/model/notification.ts";
import type {
  Connector,
  ConnectorKind,
  ConnectorPorts,
  Delivery,
  DeliveryResult,
} from "../../collector/port/connector.ts";
import { RecordingLog } from "../support/recording-ports.ts";
import { hostileNotification, sampleIncident, sampleNotification } from "../support/sample-notification.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

/** How the double at the other end behaves. */
export const MOODS = [
  "success",
  "rateLimited",
  "unavailable",
  "rejecting",
  "unauthorised",
  "gone",
  "hanging",
  "resetting",
  "redirecting",
  "garbage",
] as const;
export type Mood = (typeof MOODS)[number];

/**
 * What the double saw of one delivery: by what a receiver can recognise a repeat, and everything that came. For tools that
 * keep a thing for each incident (tickets), one entry for each thing that was made.
 */
export interface Seen {
  key: string;
  text: string;
}

/** The other end, in this process. */
export interface ConnectorRig {
  kind: ConnectorKind;
  /** Settings that lead to the double. */
  settings: unknown;
  setMood(mood: Mood): void;
  /** Forgets what was made. */
  reset?(): void;
  seen: Seen[];
  /** Calls to the place that redirects lead to. */
  followed(): number;
  close(): Promise<void>;
}

type Expectation = { status: DeliveryResult["status"]; reason?: string; retryInMs?: number };

/** What each mood must become; a connector may have reasoned exceptions. */
const EXPECTED: Readonly<Record<Mood, Expectation>> = {
  success: { status: "success" },
  rateLimited: { status: "retryable", reason: "rateLimited", retryInMs: 7000 },
  unavailable: { status: "retryable", reason: "serverError" },
  rejecting: { status: "permanent", reason: "rejected" },
  unauthorised: { status: "permanent", reason: "unauthorised" },
  gone: { status: "permanent", reason: "notFound" },
  hanging: { status: "retryable", reason: "timeout" },
  resetting: { status: "retryable", reason: "connection" },
  redirecting: { status: "retryable", reason: "redirect" },
  garbage: { status: "retryable", reason: "badResponse" },
};

export interface ContractOptions {
  /** Moods the protocol does not have, with the reason. */
  skip?: Partial<Record<Mood, string>>;
  /** sameMessage: it is sent again under the same key. oneThing: nothing is made a second time. */
  repeat?: "sameMessage" | "oneThing";
  /** Where the protocol says it otherwise, with the reason in a comment beside it. */
  expect?: Partial<Record<Mood, Expectation>>;
}

const TIME_OUT_MS = 150;

/**
 * What every connector must do, whatever it speaks: tell the outside world's trouble as a value, keep to the signal,
 * repeat itself under the same key, follow no redirect, and send hostile text as text.
 */
export function connectorContract(
  name: string,
  open: () => Promise<ConnectorRig>,
  options: ContractOptions = {},
): void {
  describe(`connector ${name}`, () => {
    let rig: ConnectorRig;
    let connector: Connector;
    let outgoing: VettedOutgoing;
    const clock = new VirtualClock();

    const ports = (allow: string[]): ConnectorPorts => {
      outgoing = new VettedOutgoing({ allowPrivateTargets: allow });
      return { outgoing, clock, log: new RecordingLog(), externalUrl: "https://tocsin.example.net" };
    };
    const deliver = (notification: Notification, more: Partial<Delivery> = {}): Promise<DeliveryResult> =>
      connector.deliver({ notification, reference: undefined, attempt: 1, signal: AbortSignal.timeout(5000), ...more });

    beforeAll(async () => {
      rig = await open();
      connector = rig.kind.create(rig.settings, ports(["127.0.0.1/32", "::1/128"]));
    });
    beforeEach(() => {
      rig.setMood("success");
      rig.reset?.();
      rig.seen.length = 0;
    });
    afterAll(async () => {
      await connector.close?.();
      await outgoing.close();
      await rig.close();
    });

    test("calls itself by the key of its kind", () => {
      expect(connector.kind).toBe(rig.kind.kind);
    });

    for (const mood of MOODS) {
      const reason = options.skip?.[mood];
      const expected = options.expect?.[mood] ?? EXPECTED[mood];
      test.skipIf(reason !== undefined)(`${mood}${reason === undefined ? "" : `: ${reason}`}`, async () => {
        rig.setMood(mood);
        const signal = AbortSignal.timeout(mood === "hanging" ? TIME_OUT_MS : 5000);
        const result = await deliver(sampleNotification(), { signal });
        expect(result).toMatchObject(expected);
        expect(rig.followed()).toBe(0);
      });
    }

    test("after trouble the next delivery works", async () => {
      rig.setMood("resetting");
      await deliver(sampleNotification());
      rig.setMood("success");
      expect(await deliver(sampleNotification())).toMatchObject({ status: "success" });
    });

    test("a repeat of the same notification carries the same key and says the same", async () => {
      await deliver(sampleNotification());
      await deliver(sampleNotification(), { attempt: 2 });
      if (options.repeat === "oneThing") {
        expect(rig.seen.map(({ key }) => key)).toEqual(["tocsin-inc-0123456789ab"]);
        return;
      }
      expect(rig.seen).toHaveLength(2);
      expect(rig.seen[1]).toEqual(rig.seen[0]);
      await deliver(sampleNotification({ idempotencyKey: "another" }));
      if (rig.seen[0]?.key !== "") expect(rig.seen[2]?.key).not.toBe(rig.seen[0]?.key);
    });

    test("every kind of notification, with the reference that the last one gave", async () => {
      let reference: Delivery["reference"];
      const resolved = sampleIncident({ status: "resolved", resolvedAt: "2026-03-01T10:12:00.000Z" });
      for (const kind of ["opened", "updated", "escalated", "acknowledged", "resolved", "reopened"] as const) {
        const document = kind === "resolved" ? resolved : sampleIncident();
        const result = await deliver(sampleNotification({ kind, document, idempotencyKey: `key-${kind}` }), {
          reference,
        });
        expect(result.status).toBe("success");
        if (result.status !== "success" || result.reference === undefined) continue;
        expect(JSON.parse(JSON.stringify(result.reference))).toEqual(result.reference);
        reference = result.reference;
      }
    });

    test("a reference that is not its own is no obstacle", async () => {
      for (const reference of [null, 1, "x", [], {}, { channel: 1, ts: null }, { subject: [] }])
        expect((await deliver(sampleNotification(), { reference })).status).toBe("success");
    });

    test("hostile text is sent as text, once", async () => {
      const result = await deliver(hostileNotification());
      expect(result.status).toBe("success");
      expect(rig.seen).toHaveLength(1);
    });

    test("an incident of a thousand alerts still goes out", async () => {
      const alert = sampleIncident().alerts[0]!;
      const alerts = Array.from({ length: 1000 }, (_, index) => ({
        ...alert,
        id: `a-${index}`,
        summary: "x".repeat(2000),
      }));
      expect((await deliver(sampleNotification({ document: sampleIncident({ alerts }) }))).status).toBe("success");
    });

    test("a signal that has already aborted sends nothing", async () => {
      const result = await deliver(sampleNotification(), { signal: AbortSignal.abort() });
      expect(result).toMatchObject({ status: "retryable", reason: "timeout" });
      expect(rig.seen).toHaveLength(0);
    });

    test("twenty deliveries at once", async () => {
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) => deliver(sampleNotification({ idempotencyKey: `key-${index}` }))),
      );
      expect(results.filter(({ status }) => status === "success")).toHaveLength(20);
    });

    test("a private target that nobody allowed is not called", async () => {
      const strict = rig.kind.create(rig.settings, ports([]));
      const delivery = {
        notification: sampleNotification(),
        reference: undefined,
        attempt: 1,
        signal: AbortSignal.timeout(5000),
      };
      expect(await strict.deliver(delivery)).toMatchObject({ status: "permanent", reason: "forbiddenTarget" });
      expect(rig.seen).toHaveLength(0);
    });
  });
}
