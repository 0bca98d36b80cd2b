import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Alert } from "../model/alert.ts";
import type { Note } from "../model/evidence.ts";
import { Notebook } from "./notebook.ts";

const CAUSES = 4;

function noteOf(id: number, at: number): Note {
  const alert = { id: `a-${id}`, source: "nagios", check: "ping" } as unknown as Alert;
  const keys = [id % CAUSES, ((id + 1) % CAUSES) + CAUSES];
  return {
    alert,
    episode: 1,
    ci: id % 3,
    symptom: "gone",
    rank: 5,
    seriousSince: at,
    onset: at,
    causes: { keys, costs: [0.2, 1] },
    home: null,
    resolvedAt: null,
    background: null,
    system: null,
    order: 0,
    graph: 0,
    named: null,
    keepUntil: null,
    unit: null,
    gathered: 0,
    suspected: 0,
  };
}

/** What the indexes would be, made anew from the notes that are left. */
function rebuilt(notes: Iterable<Note>): Notebook {
  const notebook = new Notebook();
  const inOrder = [...notes].sort((a, b) => a.onset - b.onset);
  for (const note of inOrder) notebook.add({ ...note });
  return notebook;
}

function seen(notebook: Notebook, at: number): unknown {
  const byCause = Array.from({ length: CAUSES * 2 }, (_, key) => {
    const ids: string[] = [];
    notebook.causedBy(key, 0, -1, (note) => ids.push(note.alert.id));
    return ids;
  });
  const byCi = [0, 1, 2].map((ci) => [
    notebook
      .on(ci)
      .map((note) => note.alert.id)
      .sort(),
    notebook.alarmed(ci, 0, at),
    notebook.began.isSince(ci, 0),
  ]);
  return { byCause, byCi };
}

const step = fc.oneof(
  fc.record({ kind: fc.constant("add" as const), id: fc.nat(12) }),
  fc.record({ kind: fc.constant("noise" as const), id: fc.nat(12) }),
  fc.record({ kind: fc.constant("resolve" as const), id: fc.nat(12) }),
  fc.record({ kind: fc.constant("wait" as const), id: fc.nat(12) }),
);

test("the indexes of the notebook equal those made anew from what it holds, whatever happened", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const notebook = new Notebook();
      let at = 0;
      for (const { kind, id } of steps) {
        at += kind === "wait" ? 20 * 60_000 : 1000;
        const note = notebook.get(`a-${id}`);
        if (kind === "add") notebook.add(noteOf(id, at));
        else if (kind === "noise" && note?.background === null) notebook.setBackground(note, "chronic");
        else if (kind === "resolve" && note?.resolvedAt === null) notebook.resolve(note, at);
        else if (kind === "wait") notebook.forget(at, () => false);
      }
      const left: Note[] = [];
      for (let id = 0; id <= 12; id += 1) {
        const note = notebook.get(`a-${id}`);
        if (note !== undefined) left.push(note);
      }
      expect(seen(notebook, at)).toEqual(seen(rebuilt(left), at));
    }),
  );
});

test("notes of one CI with the same causes have one list of them, and others have their own", () => {
  const notebook = new Notebook();
  const with_ = (id: number, ci: number, causes: Note["causes"]): Note => ({ ...noteOf(id, id), ci, causes });
  const causes = (...keys: number[]): Note["causes"] => ({ keys, costs: keys.map((_, at) => 0.2 + at) });
  const notes = [
    with_(1, 1, causes(2, 3)),
    with_(2, 1, causes(2, 3)),
    with_(3, 1, causes(2, 4)),
    with_(4, 1, causes(2)),
    with_(5, 1, { keys: [2], costs: [0.3] }),
    with_(6, 2, causes(2, 3)),
  ];
  const before = notes.map((note) => note.causes);
  for (const note of notes) notebook.add(note);
  expect(notes.map((note) => before.indexOf(note.causes))).toEqual([0, 0, 2, 3, 4, 5]);
});
