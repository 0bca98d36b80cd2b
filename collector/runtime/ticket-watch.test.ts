import { expect, test } from "vitest";
import { RecordingLog } from "../../test/support/recording-ports.ts";
import { sampleIncident } from "../../test/support/sample-notification.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { IncidentStatus } from "../core/model/incident.ts";
import type { Connector, Delivery, Reconciled } from "../port/connector.ts";
import type { Submission } from "../port/intake.ts";
import { TicketWatch } from "./ticket-watch.ts";

/** A desk that answers the looks one after the other, and then that all is well. */
class FakeDesk implements Connector {
  readonly kind = "fake";
  readonly looks: { incident: string; mayRepair: boolean; reference: unknown }[] = [];
  answers: Reconciled[] = [];

  deliver(): Promise<{ status: "success" }> {
    return Promise.resolve({ status: "success" });
  }

  reconcile({ notification, reference }: Delivery, mayRepair: boolean): Promise<Reconciled> {
    this.looks.push({ incident: notification.incident, mayRepair, reference });
    return Promise.resolve(this.answers.shift() ?? { status: "agrees" });
  }
}

function rig(): {
  desk: FakeDesk;
  incident: { status: IncidentStatus };
  notes: string[];
  rounds: (count: number) => Promise<void>;
} {
  const clock = new VirtualClock();
  const desk = new FakeDesk();
  const incident = { status: "open" as IncidentStatus };
  const notes: string[] = [];
  const document = sampleIncident();
  const watch = new TicketWatch({
    store: {
      reference: (receiver, id) =>
        Promise.resolve(receiver === "desk" && id === document.id ? { id: "T1" } : undefined),
    },
    query: {
      incidents: () => Promise.resolve({ items: [sampleIncident(), sampleIncident({ id: "inc-untold" })], next: null }),
      incident: () => Promise.resolve(sampleIncident({ status: incident.status })),
    },
    intake: {
      submit: (submissions: readonly Submission[]) => {
        for (const each of submissions)
          if (each.kind === "command" && each.command.type === "note")
            notes.push(`${each.actor}: ${each.command.text}`);
        return Promise.resolve({ status: "committed", outcomes: [] });
      },
    },
    connectors: () =>
      new Map<string, Connector>([
        ["desk", desk],
        ["hook", { kind: "hook", deliver: () => desk.deliver() }],
      ]),
    clock,
    log: new RecordingLog(),
    telemetry: { count: () => {}, observe: () => {}, gauge: () => {} },
  });
  const rounds = async (count: number): Promise<void> => {
    for (let round = 0; round < count; round += 1) {
      const looking = watch.look();
      for (let turn = 0; turn < 20; turn += 1) {
        await new Promise(setImmediate);
        clock.advance(1_000);
      }
      await looking;
    }
  };
  return { desk, incident, notes, rounds };
}

test("only those who were told of an incident are asked; a ticket that agrees is left alone", async () => {
  const { desk, notes, rounds } = rig();
  await rounds(2);
  expect(desk.looks).toEqual([
    { incident: sampleIncident().id, mayRepair: false, reference: { id: "T1" } },
    { incident: sampleIncident().id, mayRepair: false, reference: { id: "T1" } },
  ]);
  expect(notes).toEqual([]);
});

test("drift that a second look finds again is repaired, and the incident says so", async () => {
  const { desk, notes, rounds } = rig();
  desk.answers = [
    { status: "drifted", drift: "deleted" },
    { status: "repaired", drift: "deleted", reference: { id: "T2" } },
  ];
  await rounds(3);
  expect(desk.looks.map(({ mayRepair, reference }) => [mayRepair, reference])).toEqual([
    [false, { id: "T1" }],
    [true, { id: "T1" }],
    [false, { id: "T2" }],
  ]);
  expect(notes).toEqual(["desk: the ticket was deleted while the incident is not over: it is open again"]);
});

test("an incident that ended meanwhile keeps its ticket closed", async () => {
  const { desk, incident, rounds } = rig();
  desk.answers = [{ status: "drifted", drift: "closed" }];
  await rounds(1);
  incident.status = "resolved";
  await rounds(1);
  expect(desk.looks.map(({ mayRepair }) => mayRepair)).toEqual([false, false]);
});

test("what is to be left is told once", async () => {
  const { desk, notes, rounds } = rig();
  desk.answers = [
    { status: "drifted", drift: "closed" },
    { status: "left", drift: "closed" },
    { status: "left", drift: "closed" },
  ];
  await rounds(3);
  expect(notes).toEqual(["desk: the ticket was closed while the incident is not over: it is left so, as configured"]);
});
