import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { VettedOutgoing } from "../../collector/connector/outgoing.ts";
import type { Json } from "../../collector/core/model/ledger.ts";
import type { Notification } from "../../collector/core/model/notification.ts";
import type { Connector, DeliveryResult } from "../../collector/port/connector.ts";
import type { DeskEmulator } from "../support/desk-emulators.ts";
import { RecordingLog } from "../support/recording-ports.ts";
import {
  HOSTILE_TEXT,
  hostileNotification,
  sampleIncident,
  sampleNotification,
} from "../support/sample-notification.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { connectorContract } from "./connector.case.ts";
import { type DeskDouble, deskDouble } from "./desk-double.ts";
import { DESKS } from "./desks.ts";

for (const desk of DESKS)
  connectorContract(
    desk.name,
    async () => {
      const double = await deskDouble(desk.emulator());
      return { ...double, kind: desk.kind, settings: { ...desk.settings, url: double.url } };
    },
    { repeat: "oneThing" },
  );

for (const desk of DESKS)
  describe(`${desk.name} as a desk`, () => {
    let emulator: DeskEmulator;
    let double: DeskDouble;
    let log: RecordingLog;
    const outgoing = new VettedOutgoing({ allowPrivateTargets: ["127.0.0.1"] });

    beforeAll(async () => {
      emulator = desk.emulator();
      double = await deskDouble(emulator);
    });
    beforeEach(() => {
      double.reset();
      double.seen.length = 0;
      log = new RecordingLog();
    });
    afterAll(async () => {
      await outgoing.close();
      await double.close();
    });

    const connectorWith = (settings: Record<string, unknown> = {}): Connector =>
      desk.kind.create(
        { ...desk.settings, url: double.url, ...settings },
        { outgoing, clock: new VirtualClock(), log, externalUrl: null },
      );

    /** Delivers one after the other, each with what the last one gave. */
    async function tell(
      connector: Connector,
      ...notifications: Notification[]
    ): Promise<{ results: DeliveryResult[]; reference: Json | undefined }> {
      const results: DeliveryResult[] = [];
      let reference: Json | undefined;
      for (const notification of notifications) {
        const result = await connector.deliver({
          notification,
          reference,
          attempt: 1,
          signal: AbortSignal.timeout(5000),
        });
        results.push(result);
        if (result.status === "success" && result.reference !== undefined) reference = result.reference;
      }
      return { results, reference };
    }
    const send = (connector: Connector, notification: Notification, reference: Json | undefined) =>
      connector.deliver({ notification, reference, attempt: 1, signal: AbortSignal.timeout(5000) });

    const told = (kind: Notification["kind"], over: Parameters<typeof sampleIncident>[0] = {}): Notification =>
      sampleNotification({
        kind,
        page: kind === "opened",
        idempotencyKey: `key-${kind}`,
        document: sampleIncident(over),
      });
    const resolved = told("resolved", { status: "resolved", resolvedAt: "2026-03-01T10:12:00.000Z" });
    const states = (): string[] =>
      emulator.tickets.filter(({ deleted }) => !deleted).map((ticket) => emulator.stateOf(ticket));

    test("a ticket lives as its incident does", async () => {
      const connector = connectorWith();
      const { results, reference } = await tell(connector, told("opened"));
      expect(results).toMatchObject([{ status: "success" }]);
      expect(emulator.tickets).toHaveLength(1);
      expect(emulator.tickets[0]?.key).toBe("tocsin-inc-0123456789ab");
      expect(emulator.subjectOf(emulator.tickets[0]!)).toBe("db-2 is down: checkout fails");
      expect(states()).toEqual(["open"]);
      expect((await send(connector, told("updated", { title: "sw-3 is down" }), reference)).status).toBe("success");
      expect(emulator.subjectOf(emulator.tickets[0]!)).toBe("sw-3 is down");
      expect((await send(connector, told("acknowledged"), reference)).status).toBe("success");
      expect((await send(connector, resolved, reference)).status).toBe("success");
      expect(states()).toEqual(["resolved"]);
      expect((await send(connector, told("reopened"), reference)).status).toBe("success");
      expect(states()).not.toEqual(["resolved"]);
      expect(emulator.tickets).toHaveLength(1);
      expect(emulator.tickets[0]?.notes.length).toBe(4);
      expect(emulator.tickets[0]?.notes[0]).toContain("P1 update");
    });

    test("an answer that was lost makes no second ticket", async () => {
      const connector = connectorWith();
      double.loseCreations(1);
      expect((await tell(connector, told("opened"))).results).toMatchObject([
        { status: "retryable", reason: "connection" },
      ]);
      expect((await tell(connector, told("opened"))).results).toMatchObject([{ status: "success" }]);
      expect(emulator.tickets).toHaveLength(1);
      expect(emulator.tickets[0]?.notes).toEqual([]);
    });

    test("a hundred incidents with a tenth of the answers lost: exactly a hundred tickets", async () => {
      const connector = connectorWith();
      for (let index = 0; index < 100; index += 1) {
        const notification = sampleNotification({ incident: `inc-${index}`, idempotencyKey: `key-${index}` });
        if (index % 10 === 3) double.loseCreations(1);
        for (let attempt = 0; attempt < 3; attempt += 1)
          if ((await tell(connector, notification)).results[0]?.status === "success") break;
      }
      expect(emulator.tickets).toHaveLength(100);
      expect(new Set(emulator.tickets.map(({ key }) => key)).size).toBe(100);
    });

    test("a look at the ticket of an open incident: closed by somebody, it is opened again; deleted, it is made again", async () => {
      const connector = connectorWith();
      const { reference } = await tell(connector, told("opened"));
      const look = (mayRepair: boolean) =>
        connector.reconcile?.(
          { notification: told("updated"), reference, attempt: 1, signal: AbortSignal.timeout(5000) },
          mayRepair,
        );
      expect(await look(true)).toEqual({ status: "agrees" });
      expect(emulator.tickets[0]?.notes).toEqual([]);
      emulator.setState(emulator.tickets[0]!, "resolved");
      expect(await look(false)).toEqual({ status: "drifted", drift: "closed" });
      expect(states()).toEqual(["resolved"]);
      expect(await look(true)).toMatchObject({ status: "repaired", drift: "closed" });
      expect(["open", "inProgress"]).toContain(states()[0]);
      emulator.tickets[0]!.deleted = true;
      expect(await look(true)).toMatchObject({ status: "repaired", drift: "deleted" });
      expect(states()).toEqual(["open"]);
      expect(await look(true)).toEqual({ status: "agrees" });
    });

    test("drift that is to be left is left", async () => {
      const connector = connectorWith({ drift: { closed: "leave", deleted: "leave", priority: "keep" } });
      const { reference } = await tell(connector, told("opened"));
      emulator.setState(emulator.tickets[0]!, "resolved");
      const delivery = { notification: told("updated"), reference, attempt: 1, signal: AbortSignal.timeout(5000) };
      expect(await connector.reconcile?.(delivery, true)).toEqual({ status: "left", drift: "closed" });
      expect(states()).toEqual(["resolved"]);
      double.setMood("unavailable");
      expect(await connector.reconcile?.(delivery, true)).toMatchObject({ status: "failed" });
      double.setMood("success");
    });

    test("two deliveries at once make one ticket", async () => {
      const connector = connectorWith();
      await Promise.all([tell(connector, told("opened")), tell(connector, told("updated"))]);
      expect(emulator.tickets).toHaveLength(1);
    });

    test("a resolve of an incident that has no ticket makes none", async () => {
      expect((await tell(connectorWith(), resolved)).results).toMatchObject([{ status: "success" }]);
      expect(emulator.tickets).toEqual([]);
    });

    test("a ticket that has our key and lost its reference is found", async () => {
      await tell(connectorWith(), told("opened"));
      expect((await tell(connectorWith(), resolved)).results).toMatchObject([{ status: "success" }]);
      expect(states()).toEqual(["resolved"]);
    });

    test.for([
      ["reopen", ["open", "inProgress"]],
      ["leave", ["resolved"]],
    ] as const)("a ticket resolved while the incident is not over: %s", async ([closed, expected]) => {
      const connector = connectorWith({ drift: { closed, deleted: "recreate", priority: "keep" } });
      const { reference } = await tell(connector, told("opened"));
      emulator.setState(emulator.tickets[0]!, "resolved");
      expect((await send(connector, told("updated"), reference)).status).toBe("success");
      expect(expected).toContain(states()[0]);
      expect(log.lines.find(({ message }) => message.includes("disagree"))?.fields).toMatchObject({
        drift: "closed",
        policy: closed,
      });
    });

    test.for([
      ["recreate", 1],
      ["leave", 0],
    ] as const)("a ticket deleted while the incident is not over: %s", async ([deleted, count]) => {
      const connector = connectorWith({ drift: { closed: "reopen", deleted, priority: "keep" } });
      const { reference } = await tell(connector, told("opened"));
      emulator.tickets[0]!.deleted = true;
      expect((await send(connector, told("updated"), reference)).status).toBe("success");
      expect(states()).toHaveLength(count);
    });

    test.for(["keep", "override"] as const)("a priority that a person changed: %s", async (priority) => {
      const connector = connectorWith({ drift: { closed: "reopen", deleted: "recreate", priority } });
      const { reference } = await tell(connector, told("opened", { priority: "P2" }));
      const [ours] = emulator.tickets.map((ticket) => emulator.priorityOf(ticket));
      emulator.lowerPriority(emulator.tickets[0]!);
      const [theirs] = emulator.tickets.map((ticket) => emulator.priorityOf(ticket));
      expect(theirs).not.toBe(ours);
      const after = await send(connector, told("updated", { priority: "P2" }), reference);
      expect(emulator.priorityOf(emulator.tickets[0]!)).toBe(priority === "keep" ? theirs : ours);
      const next = after.status === "success" ? after.reference : undefined;
      await send(connector, told("escalated", { priority: "P1" }), next);
      const escalated = emulator.priorityOf(emulator.tickets[0]!);
      if (priority === "keep") expect(escalated).toBe(theirs);
      else expect(escalated).not.toBe(ours);
    });

    test("our own change of priority reaches the ticket", async () => {
      const connector = connectorWith();
      const { reference } = await tell(connector, told("opened", { priority: "P3" }));
      const before = emulator.priorityOf(emulator.tickets[0]!);
      await send(connector, told("escalated", { priority: "P1" }), reference);
      expect(emulator.priorityOf(emulator.tickets[0]!)).not.toBe(before);
    });

    test("a wrong password is permanent, and the complaint is told", async () => {
      const wrong = Object.fromEntries(
        Object.keys(desk.settings)
          .filter((key) => /password|apiToken|apiKey/.test(key))
          .map((key) => [key, desk.settings["x"] ?? { reveal: () => "wrong" }]),
      );
      const { results } = await tell(connectorWith(wrong), told("opened"));
      expect(results).toMatchObject([{ status: "permanent", reason: "unauthorised" }]);
    });

    test("hostile text stays text", async () => {
      const hostile = hostileNotification();
      await tell(connectorWith(), { ...hostile, kind: "opened" });
      const subject = emulator.subjectOf(emulator.tickets[0]!);
      expect(subject).not.toContain("\n");
      expect(HOSTILE_TEXT.startsWith(subject.slice(0, 20))).toBe(true);
      if (desk.name === "freshservice")
        expect(String(emulator.tickets[0]?.fields["description"])).not.toContain("<script");
    });
  });

test("BMC: a token that has ended is replaced, once", async () => {
  const desk = DESKS.find(({ name }) => name === "bmcHelix");
  if (desk === undefined) throw new Error("no desk");
  const emulator = desk.emulator() as DeskEmulator & { endTokens(): void };
  const double = await deskDouble(emulator);
  const outgoing = new VettedOutgoing({ allowPrivateTargets: ["127.0.0.1"] });
  const connector = desk.kind.create(
    { ...desk.settings, url: double.url },
    { outgoing, clock: new VirtualClock(), log: new RecordingLog(), externalUrl: null },
  );
  const deliver = (kind: Notification["kind"]) =>
    connector.deliver({
      notification: sampleNotification({ kind }),
      reference: undefined,
      attempt: 1,
      signal: AbortSignal.timeout(5000),
    });
  expect((await deliver("opened")).status).toBe("success");
  emulator.endTokens();
  expect((await deliver("updated")).status).toBe("success");
  expect(emulator.tickets).toHaveLength(1);
  await outgoing.close();
  await double.close();
});
