import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { RecordingLog, RecordingTelemetry } from "../../test/support/recording-ports.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { EnrolmentDesk } from "../port/enrolment.ts";
import { TokenDesk } from "./desk.ts";
import { openSigningKey } from "./signing-key.ts";
import { TokenTable } from "./token-table.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** A token as an agent makes it. */
const tokenOf = (letter: string): string => `tocsin-agent.${letter.repeat(43)}`;

function bench(dataDir?: string) {
  const folder = dataDir ?? mkdtempSync(join(tmpdir(), "tocsin-enrolment-"));
  if (dataDir === undefined) onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new VirtualClock();
  const log = new RecordingLog();
  const telemetry = new RecordingTelemetry();
  const signing = openSigningKey({ current: null, previous: null }, folder);
  const open = (): TokenDesk => {
    const desk = new TokenDesk({
      table: new TokenTable(folder),
      signing,
      now: () => clock.now(),
      tokenLifetimeMs: () => 90 * DAY_MS,
      resolveCi: (name) => name.toLowerCase().replace(/\.example\.net$/, ""),
      log,
      telemetry,
    });
    onTestFinished(() => desk.close());
    return desk;
  };
  return { desk: open(), open, clock, log, telemetry, folder, signing };
}

const made = (desk: EnrolmentDesk, ci: string | null = null): string =>
  desk.create({ ci, validForMs: HOUR_MS, by: "root" }).token;
const request = (letter: string, ci = "web-01", agentId = "agent-1") => ({ agentId, ci, token: tokenOf(letter) });
const codeOf = (answer: object | undefined): string =>
  answer === undefined ? "undefined" : "code" in answer ? String(answer.code) : "taken";

test("an agent gives the enrolment token for its own, which is bound to it and its CI", () => {
  const { desk, signing } = bench();
  expect(desk.exchange(made(desk), request("a"))).toEqual({
    ci: "web-01",
    signingKey: signing.publicKey,
    expiresInMs: 90 * DAY_MS,
  });
  expect(desk.identify(tokenOf("a"))).toEqual({
    name: "agent:web-01",
    role: "agent",
    ci: "web-01",
    agentId: "agent-1",
  });
  expect(desk.list()).toMatchObject([{ ci: "web-01", status: "enrolled", agentId: "agent-1", createdBy: "root" }]);
});

test("no secret is on disk or in the log", () => {
  const { desk, folder, log } = bench();
  const token = made(desk);
  desk.exchange(token, request("a"));
  desk.renew(tokenOf("a"), tokenOf("b"));
  desk.identify(tokenOf("b"));
  desk.revoke("web-01");
  const secret = token.split(".")[2] ?? "";
  const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
  for (const text of [...texts, JSON.stringify(log)])
    for (const each of [secret, "a".repeat(43), "b".repeat(43)]) expect(text).not.toContain(each);
  expect(statSync(join(folder, "enrolment.sqlite")).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, "agent-signing.pem")).mode & 0o777).toBe(0o600);
});

test.for<[situation: string, code: string, (b: ReturnType<typeof bench>) => object | undefined]>([
  [
    "a second agent",
    "tokenUsed",
    ({ desk }) => {
      const token = made(desk);
      desk.exchange(token, request("a"));
      return desk.exchange(token, request("b", "web-02", "agent-2"));
    },
  ],
  [
    "the same agent, whose answer was lost",
    "taken",
    ({ desk }) => {
      const token = made(desk);
      desk.exchange(token, request("a"));
      return desk.exchange(token, request("a"));
    },
  ],
  [
    "the same agent with another token, before it renewed",
    "taken",
    ({ desk }) => {
      const token = made(desk);
      desk.exchange(token, request("a"));
      return desk.exchange(token, request("b"));
    },
  ],
  [
    "after an hour",
    "tokenExpired",
    ({ desk, clock }) => {
      const token = made(desk);
      clock.advance(HOUR_MS);
      return desk.exchange(token, request("a"));
    },
  ],
  ["a token for another CI", "ciMismatch", ({ desk }) => desk.exchange(made(desk, "db-01"), request("a"))],
  [
    "a token for this CI by another of its names",
    "taken",
    ({ desk }) => desk.exchange(made(desk, "WEB-01.example.net"), request("a")),
  ],
  [
    "a CI that another agent has",
    "ciTaken",
    ({ desk }) => {
      desk.exchange(made(desk), request("a"));
      return desk.exchange(made(desk), request("b", "WEB-01", "agent-2"));
    },
  ],
  [
    "a token that nobody made",
    "unknownToken",
    ({ desk }) => desk.exchange(made(desk).replace(/\.[^.]{43}\./, `.${"x".repeat(43)}.`), request("a")),
  ],
  ["nonsense", "unknownToken", ({ desk }) => desk.exchange("hello", request("a"))],
  [
    "an own token that is no secret",
    "badToken",
    ({ desk }) => desk.exchange(made(desk), { ...request("a"), token: "hunter2" }),
  ],
  [
    "another agent's own token",
    "badToken",
    ({ desk }) => {
      desk.exchange(made(desk), request("a"));
      return desk.exchange(made(desk), request("a", "web-02", "agent-2"));
    },
  ],
  [
    "an enrolment that was revoked",
    "tokenRevoked",
    ({ desk }) => {
      const { id, token } = desk.create({ ci: null, validForMs: HOUR_MS, by: "root" });
      desk.revoke(id);
      return desk.exchange(token, request("a"));
    },
  ],
])("exchange by %s: %s", ([, code, act]) => {
  expect(codeOf(act(bench()))).toBe(code);
});

test("a token that an administrator makes for a CI takes the place of the agent that was there", () => {
  const { desk } = bench();
  desk.exchange(made(desk), request("a"));
  expect(codeOf(desk.exchange(made(desk, "web-01"), request("b", "web-01", "agent-2")))).toBe("taken");
  expect(codeOf(desk.identify(tokenOf("a")))).toBe("tokenRevoked");
  expect(codeOf(desk.identify(tokenOf("b")))).toBe("taken");
  expect(
    desk
      .list()
      .map(({ status }) => status)
      .sort(),
  ).toEqual(["enrolled", "revoked"]);
});

test("renewed: both are good until the new one is used; then the old one ends, and its use is told", () => {
  const { desk, clock, log } = bench();
  desk.exchange(made(desk), request("a"));
  clock.advance(30 * DAY_MS);
  expect(desk.renew(tokenOf("a"), tokenOf("b"))).toEqual({ expiresInMs: 90 * DAY_MS });
  expect(desk.renew(tokenOf("a"), tokenOf("b"))).toEqual({ expiresInMs: 90 * DAY_MS });
  clock.advance(DAY_MS);
  expect(codeOf(desk.identify(tokenOf("a")))).toBe("taken");
  expect(codeOf(desk.identify(tokenOf("b")))).toBe("taken");
  // Requests that were under way.
  clock.advance(30_000);
  expect(codeOf(desk.identify(tokenOf("a")))).toBe("taken");
  clock.advance(60_000);
  expect(codeOf(desk.identify(tokenOf("a")))).toBe("tokenReplaced");
  expect(codeOf(desk.identify(tokenOf("a")))).toBe("tokenReplaced");
  expect(codeOf(desk.renew(tokenOf("a"), tokenOf("c")))).toBe("tokenReplaced");
  expect(JSON.stringify(log).match(/used again/g)).toHaveLength(1);
  clock.advance(88 * DAY_MS);
  expect(codeOf(desk.identify(tokenOf("b")))).toBe("taken");
  clock.advance(2 * DAY_MS);
  expect(codeOf(desk.identify(tokenOf("b")))).toBe("tokenExpired");
});

test("one that was told and never used makes room for the next", () => {
  const { desk } = bench();
  desk.exchange(made(desk), request("a"));
  desk.renew(tokenOf("a"), tokenOf("b"));
  desk.renew(tokenOf("a"), tokenOf("c"));
  expect(codeOf(desk.identify(tokenOf("b")))).toBe("tokenRevoked");
  expect(codeOf(desk.identify(tokenOf("c")))).toBe("taken");
  expect(codeOf(desk.renew(tokenOf("c"), "short"))).toBe("badToken");
});

test.for(["id", "ci", "alias"] as const)("revoked by %s: refused at once, also after a restart", (by) => {
  const { desk, open } = bench();
  desk.exchange(made(desk), request("a"));
  desk.renew(tokenOf("a"), tokenOf("b"));
  const id = desk.list()[0]?.id ?? "";
  expect(desk.revoke({ id, ci: "web-01", alias: "WEB-01.example.net" }[by])).toMatchObject([{ status: "revoked" }]);
  for (const each of [desk, open()])
    for (const letter of ["a", "b"]) expect(codeOf(each.identify(tokenOf(letter)))).toBe("tokenRevoked");
  expect(desk.revoke("web-01")).toEqual([]);
});

test("who is enrolled is known after a restart", () => {
  const { desk, open } = bench();
  desk.exchange(made(desk), request("a"));
  desk.renew(tokenOf("a"), tokenOf("b"));
  desk.identify(tokenOf("b"));
  const again = open();
  expect(again.identify(tokenOf("b"))).toMatchObject({ ci: "web-01" });
  expect(again.list()).toEqual(desk.list());
});

test("what is no agent's token is somebody else's affair", () => {
  expect(bench().desk.identify("some-token-of-the-configuration")).toBeUndefined();
});

test("what ended long ago is forgotten", () => {
  const { desk, clock } = bench();
  desk.exchange(made(desk), request("a"));
  desk.revoke("web-01");
  made(desk);
  clock.advance(200 * DAY_MS);
  made(desk);
  expect(desk.list().map(({ status }) => status)).toEqual(["open"]);
  expect(codeOf(desk.identify(tokenOf("a")))).toBe("unknownToken");
});
