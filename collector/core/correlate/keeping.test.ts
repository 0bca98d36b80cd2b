import { expect, test } from "vitest";
import { cmdbOf, CoreDriver } from "../../../test/support/core-driver.ts";
import type { Alert } from "../model/alert.ts";
import { TimerQueue } from "../model/timer-queue.ts";
import { Influence } from "../model/influence.ts";
import { Topology } from "../model/topology.ts";
import { Agenda } from "./agenda.ts";
import { type Common, commonRecord } from "./common.ts";
import { Habits } from "./habits.ts";
import { Keeper, recall, type Rooms } from "./keeping.ts";
import { NoteReader } from "./note-reader.ts";
import { notedOf } from "./noted.ts";
import { Notebook } from "./notebook.ts";
import { Strays } from "./strays.ts";
import { Threads } from "./threads.ts";
import { Together } from "./together.ts";

const POOL = cmdbOf([
  ...Array.from({ length: 10 }, (_, web) => `web-${web} runsOn host-${web}`),
  ...Array.from({ length: 10 }, (_, web) => `web-${web} dependsOn db`),
  ...Array.from({ length: 10 }, (_, web) => `pool hasMember web-${web}`),
]);

const COMMON: Common = {
  graphBase: 0,
  readAt: 0,
  orders: 0,
  forgotUntil: 0,
  rootOrders: 0,
  agenda: new Agenda().marks,
  storm: null,
  paged: [],
  stale: [],
  fadeAt: null,
};

const ROOMS = (): Rooms => ({
  reader: new NoteReader(),
  notebook: new Notebook(),
  threads: new Threads(),
  agenda: new Agenda(),
  timers: new TimerQueue(),
  habits: new Habits(),
  together: new Together(),
  strays: new Strays(),
});

function alertOn(ci: string): Alert {
  const core = new CoreDriver({ cmdb: POOL });
  core.event({ ci, check: "http_errors", severity: "critical", summary: "errors" });
  const [alert] = core.state.alerts.all();
  if (alert === undefined) throw new Error("there is no alert");
  return alert;
}

test("a note is read by the graph as it was when it came, though the graph has grown since", () => {
  const graph = new Topology(POOL);
  const influence = new Influence(graph);
  const reader = new NoteReader();
  const alert = alertOn("pool");
  const early = reader.read(alert, graph, influence);
  for (let web = 10; web < 20; web += 1) graph.register(`web-${web}`);
  const late = reader.read(alert, graph, influence);
  late.graph = graph.grown.length;
  expect(late.causes).not.toEqual(early.causes);

  const common: Common = { ...COMMON, orders: 2 };
  const stored = [late, early].map((note) => ({ alert, noted: notedOf(note, { waits: 0, until: null }) }));
  const topology = new Topology(POOL);
  const again = { reader: new NoteReader(), influence: new Influence(topology), topology };
  topology.regrow([...graph.grown]);
  const records = [{ id: "correlation", value: commonRecord(common) }];
  const { notes } = recall({ alerts: stored, threads: [], records }, again);
  expect(notes.map(({ causes }) => causes)).toEqual([early.causes, late.causes]);
  expect(topology.all()).toEqual(graph.all());
});

test("a thread that an older program has stored in a record of its own is read, and its record goes when it is stored anew", () => {
  const old = ["db", 1, 1, 5, 6, 2, 0.5, 0, null, 90, null];
  const records = ["inc-1", "inc-2", "inc-over"].map((incident) => ({ id: `thread ${incident}`, value: old }));
  const isOver = (incident: string): boolean => incident === "inc-over";
  const keeper = new Keeper(() => COMMON);
  const found = keeper.restore({ alerts: [], threads: [], records }, isOver);
  expect([...found]).toEqual([
    ["inc-1", [0, ...old]],
    ["inc-2", [0, ...old]],
  ]);

  const topology = new Topology(POOL);
  const rooms = ROOMS();
  const common = { ...COMMON };
  keeper.resume(common);
  const gone = (put: string[]): string[] =>
    keeper.takeChanged(rooms, common, topology, { put, isOver }).flatMap(({ id, value }) => (value === null ? id : []));
  expect(gone([])).toEqual(["thread inc-over"]);
  expect(gone(["inc-1"])).toEqual(["thread inc-1"]);
  rooms.threads.of("inc-2", 7);
  expect(gone([])).toEqual(["thread inc-2"]);
  expect(gone(["inc-1", "inc-2"])).toEqual(["threads 1"]);
});
