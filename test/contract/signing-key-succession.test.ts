import { mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { openSigningKey, type SigningKey } from "../../collector/enrolment/signing-key.ts";
import { SIGNATURE_HEADER, SUCCESSION_HEADER, SUCCESSIONS_MAX } from "../../protocol/agent-document.ts";
import { DocumentVerifier } from "../../agent/send/document-verifier.ts";
import { PinnedKey } from "../../agent/send/pinned-key.ts";
import type { HttpAnswer } from "../../agent/send/transport.ts";

const NONE = { current: null, previous: null };

/** A collector whose key an agent has pinned, and that agent. */
function bench() {
  const folder = mkdtempSync(join(tmpdir(), "tocsin-succession-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const first = openSigningKey(NONE, folder);
  const rotate = (): SigningKey => {
    renameSync(join(folder, "agent-signing.pem"), join(folder, "agent-signing.previous.pem"));
    return openSigningKey(NONE, folder);
  };
  const agent = (pinned = first.publicKey) => {
    const key = new PinnedKey(join(folder, "signing-key.json"), () => pinned);
    return {
      key,
      verifier: new DocumentVerifier(
        () => key.current,
        (pem) => key.succeed(pem),
      ),
    };
  };
  return { folder, first, rotate, agent };
}

function signedBy(key: SigningKey, succession = key.succession, body = "{}"): HttpAnswer & { kind: "answer" } {
  const headers = {
    [SIGNATURE_HEADER]: key.sign("rules", body),
    ...(succession === null ? {} : { [SUCCESSION_HEADER]: succession }),
  };
  return { kind: "answer", status: 200, headers, body: Buffer.from(body) };
}

test("a key that the old one has named takes its place, also after a restart, and the old one is not taken any more", async () => {
  const { first, rotate, agent } = bench();
  const { verifier } = agent();
  expect(await verifier.fault("rules", signedBy(first))).toBeNull();
  const second = rotate();
  expect(second.fingerprint).not.toBe(first.fingerprint);
  expect(await verifier.fault("rules", signedBy(second))).toBeNull();
  const later = agent();
  expect(later.key.current).toBe(second.publicKey);
  expect(await later.verifier.fault("rules", signedBy(second, null))).toBeNull();
  expect(await later.verifier.fault("rules", signedBy(first))).toContain("not by the key that is pinned");
});

test.for([1, 2, 5, SUCCESSIONS_MAX])("an agent that was away for %i replacements follows", async (count) => {
  const { rotate, agent } = bench();
  let newest = rotate();
  for (let index = 1; index < count; index++) newest = rotate();
  const { verifier, key } = agent();
  expect(await verifier.fault("rules", signedBy(newest))).toBeNull();
  expect(key.current).toBe(newest.publicKey);
});

test("an agent that was there for some of them begins where it is", async () => {
  const { rotate, agent } = bench();
  const second = rotate();
  const { verifier, key } = agent();
  expect(await verifier.fault("rules", signedBy(second))).toBeNull();
  rotate();
  const fourth = rotate();
  expect(await verifier.fault("rules", signedBy(fourth))).toBeNull();
  expect(key.current).toBe(fourth.publicKey);
});

test("more replacements than are kept: told, and enrolled anew", async () => {
  const { rotate, agent } = bench();
  let newest = rotate();
  for (let index = 0; index < SUCCESSIONS_MAX; index++) newest = rotate();
  expect(await agent().verifier.fault("rules", signedBy(newest))).toContain("not by the key that is pinned");
});

test("the old keys may go once they have named the new one; the collector begins anew and still tells the way", async () => {
  const { folder, rotate, agent } = bench();
  rotate();
  rotate();
  rmSync(join(folder, "agent-signing.previous.pem"));
  const again = openSigningKey(NONE, folder);
  expect(await agent().verifier.fault("rules", signedBy(again))).toBeNull();
});

test("a key that takes no other's place, after a theft: what led to the stolen one leads nowhere", async () => {
  const { folder, rotate, agent } = bench();
  const stolen = rotate();
  rmSync(join(folder, "agent-signing.previous.pem"));
  rmSync(join(folder, "agent-signing.pem"));
  const fresh = openSigningKey(NONE, folder);
  expect(fresh.succession).toBeNull();
  expect(await agent().verifier.fault("rules", signedBy(fresh, stolen.succession))).toContain("neither by the key");
  const next = rotate();
  expect(next.succession?.split(",")).toHaveLength(1);
  expect(await agent().verifier.fault("rules", signedBy(next))).toContain("not by the key that is pinned");
  expect(await agent(fresh.publicKey).verifier.fault("rules", signedBy(next))).toBeNull();
});

test("steps out of order, or with one left out, lead nowhere", async () => {
  const { first, rotate, agent } = bench();
  rotate();
  rotate();
  const newest = rotate();
  const steps = newest.succession!.split(",");
  for (const wrong of [steps.toReversed(), [steps[0], steps[2]], steps.slice(1), [steps[0]]])
    expect(await agent().verifier.fault("rules", signedBy(newest, wrong.join(",")))).toMatch(/signature/);
  expect(agent().key.current).toBe(first.publicKey);
});

test("what the administrator pins anew stands above what came of the key before", async () => {
  const { rotate, agent } = bench();
  const second = rotate();
  await agent().verifier.fault("rules", signedBy(second));
  const third = rotate();
  expect(agent(third.publicKey).key.current).toBe(third.publicKey);
});

test("a succession that is not signed by the pinned key, or is for another one, is none", async () => {
  const { first, rotate, agent } = bench();
  const { first: foreign, rotate: rotateForeign } = bench();
  const stranger = rotateForeign();
  const second = rotate();
  const { verifier, key } = agent();
  for (const answer of [
    signedBy(stranger),
    signedBy(foreign, second.succession),
    signedBy(stranger, second.succession),
    signedBy(second, "nonsense"),
    signedBy(second, `${second.succession}AA`.slice(0, 60)),
  ])
    expect(await verifier.fault("rules", answer)).toMatch(/signature|verified/);
  expect(key.current).toBe(first.publicKey);
});
