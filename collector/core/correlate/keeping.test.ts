import { expect, test } from "vitest";
import { cmdbOf, CoreDriver } from "../../../test/support/core-driver.ts";
import type { Alert } from "../model/alert.ts";
import { Influence } from "../model/influence.ts";
import { Topology } from "../model/topology.ts";
import { Agenda } from "./agenda.ts";
import { type Common, commonRecord } from "./common.ts";
import { recall } from "./keeping.ts";
import { NoteReader } from "./note-reader.ts";
import { notedOf } from "./noted.ts";

const POOL = cmdbOf([
  ...Array.from({ length: 10 }, (_, web) => `web-${web} runsOn host-${web}`),
  ...Array.from({ length: 10 }, (_, web) => `web-${web} dependsOn db`),
  ...Array.from({ length: 10 }, (_, web) => `pool hasMember web-${web}`),
]);

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

  const common: Common = {
    graphBase: 0,
    readAt: 0,
    orders: 2,
    forgotUntil: 0,
    threads: [0, 0],
    agenda: new Agenda().marks,
    storm: null,
    paged: [],
    stale: [],
    fadeAt: null,
  };
  const stored = [late, early].map((note) => ({ alert, noted: notedOf(note, { waits: 0, until: null }) }));
  const topology = new Topology(POOL);
  const again = { reader: new NoteReader(), influence: new Influence(topology), topology };
  topology.regrow([...graph.grown]);
  const { notes } = recall(stored, [{ id: "correlation", value: commonRecord(common) }], again);
  expect(notes.map(({ note }) => note.causes)).toEqual([early.causes, late.causes]);
  expect(topology.all()).toEqual(graph.all());
});
