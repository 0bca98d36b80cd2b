import { createPublicKey, verify } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { signedBytes } from "../../protocol/agent-document.ts";
import { VirtualClock } from "../../test/support/virtual-clock.ts";
import type { SignedDocument } from "../port/enrolment.ts";
import { type AgentConfigurationEntry, SignedDocuments } from "./documents.ts";
import { openSigningKey } from "./signing-key.ts";

function bench() {
  const dataDir = mkdtempSync(join(tmpdir(), "tocsin-documents-"));
  onTestFinished(() => rmSync(dataDir, { recursive: true, force: true }));
  const clock = new VirtualClock();
  const current = { rules: '[{"name":"a"}]', entries: [] as readonly AgentConfigurationEntry[] };
  const open = (): SignedDocuments =>
    new SignedDocuments({
      dataDir,
      signing: openSigningKey({ current: null, previous: null }, dataDir),
      now: () => clock.now(),
      sources: { rules: () => current.rules, configurations: () => current.entries },
    });
  return { dataDir, clock, current, open };
}

const isGood = (kind: "rules" | "configuration", { body, signature }: SignedDocument, pem: string): boolean =>
  verify(null, signedBytes(kind, Buffer.from(body)), createPublicKey(pem), Buffer.from(signature, "base64"));
const versionOf = ({ body }: SignedDocument): number => (JSON.parse(body) as { version: number }).version;

test("signed with the key that agents pin; one kind cannot stand for the other", () => {
  const { open } = bench();
  const documents = open();
  expect(isGood("rules", documents.rules(), documents.key.pem)).toBe(true);
  expect(isGood("configuration", documents.rules(), documents.key.pem)).toBe(false);
  expect(isGood("configuration", documents.configuration("web-1").sign(), documents.key.pem)).toBe(true);
});

test("the version stays while the content does, across restarts, and grows with each change, also when the clock goes back", () => {
  const { open, current, clock } = bench();
  const first = open().rules();
  clock.advance(60_000);
  expect(open().rules()).toEqual(first);
  clock.step(-3_600_000);
  const documents = open();
  current.rules = "[]";
  const second = documents.rules();
  expect(versionOf(second)).toBeGreaterThan(versionOf(first));
  expect(second.etag).not.toBe(first.etag);
  current.rules = '[{"name":"a"}]';
  expect(versionOf(documents.rules())).toBeGreaterThan(versionOf(second));
});

test("configuration is for the first pattern that matches, says for whom it is, and is empty for the others", () => {
  const { open, current } = bench();
  current.entries = [
    { ci: "web-*", text: "interval: 5s\n" },
    { ci: "*-1", text: "interval: 30s\n" },
  ];
  const documents = open();
  const of = (ci: string) => JSON.parse(documents.configuration(ci).sign().body) as Record<string, unknown>;
  expect(of("web-1")).toMatchObject({ ci: "web-1", configuration: "interval: 5s\n" });
  expect(of("db-1")).toMatchObject({ configuration: "interval: 30s\n" });
  expect(of("db-2")).toMatchObject({ ci: "db-2", configuration: "" });
  expect(documents.configuration("web-1").etag).not.toBe(documents.configuration("web-2").etag);
  const before = documents.configuration("web-1").etag;
  current.entries = [];
  expect(documents.configuration("web-1").etag).not.toBe(before);
});

test("damaged versions begin with the clock; the key stays", () => {
  const { open, dataDir, clock } = bench();
  const { key } = open();
  writeFileSync(join(dataDir, "agent-documents.json"), '{"rules":5');
  const documents = open();
  expect(versionOf(documents.rules())).toBe(clock.now());
  expect(documents.key).toEqual(key);
});

test.for<[string, string]>([
  ["no key", "hello"],
  ["another kind", "-----BEGIN PRIVATE KEY-----\nMIGH"],
])("a signing key that is %s is told with what to do", ([, pem]) => {
  expect(() => openSigningKey({ current: pem, previous: null }, "")).toThrow(/openssl genpkey -algorithm ed25519/);
});
