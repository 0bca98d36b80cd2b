import { expect, test } from "vitest";
import { type EmulatedAnswer, withEmulator } from "../../../test/support/foreign-emulator.ts";
import { ForeignApi, ForeignFault } from "./foreign-api.ts";

test("it waits where the source asks it to, and gives up in the end", async () => {
  let left = 2;
  const busy = (): EmulatedAnswer =>
    left-- > 0 ? { status: 429, headers: { "retry-after": "3" }, body: {} } : { body: { ok: true } };
  await withEmulator(busy, async (emulator) => {
    const waits: number[] = [];
    const sleep = (ms: number): Promise<void> => Promise.resolve(void waits.push(ms));
    const api = new ForeignApi({ base: emulator.url, headers: {}, signal: AbortSignal.timeout(10_000), sleep });
    expect(await api.get("/x")).toEqual({ ok: true });
    expect(waits).toEqual([3000, 3000]);
    left = 99;
    await expect(api.get("/x")).rejects.toThrow("answered 429");
  });
});

test("it says how far it has come, and when it is made to wait", async () => {
  let left = 1;
  const busyOnce = (): EmulatedAnswer =>
    left-- > 0 ? { status: 429, headers: { "retry-after": "3" }, body: {} } : { body: { ok: true } };
  await withEmulator(busyOnce, async (emulator) => {
    const told: number[][] = [];
    const api = new ForeignApi({
      base: emulator.url,
      headers: {},
      signal: AbortSignal.timeout(10_000),
      sleep: () => Promise.resolve(),
      onProgress: ({ answers, sizeBytes, waitMs }) => told.push([answers, sizeBytes, waitMs]),
    });
    await api.get("/x");
    await api.get("/x");
    const sizeBytes = JSON.stringify({ ok: true }).length;
    expect(told).toEqual([
      [0, 0, 3000],
      [1, sizeBytes, 0],
      [2, 2 * sizeBytes, 0],
    ]);
  });
});

test.for<[situation: string, answer: EmulatedAnswer, message: string]>([
  ["an error", { status: 500, body: { error: "boom" } }, 'answered 500: {"error":"boom"}'],
  [
    "a redirect, which would take the credentials along",
    { status: 302, headers: { location: "https://evil.example.net/" }, body: "" },
    "answered 302",
  ],
  ["a login page", { body: "<html>" }, "not JSON; is the address right?"],
])("told: %s", async ([, answer, message]) => {
  await withEmulator(
    () => answer,
    async (emulator) => {
      await expect(emulator.api().get("/x")).rejects.toThrow(message);
    },
  );
});

test.for<[situation: string, headers: Record<string, string>]>([
  ["cut off", { "content-length": "1000" }],
  ["not compressed as it says", { "content-encoding": "gzip" }],
])("an answer that is %s is told, and is no crash", async ([, headers]) => {
  const cut = (): EmulatedAnswer => ({ headers: { ...headers, connection: "close" }, body: { results: [] } });
  await withEmulator(cut, async (emulator) => {
    const reading = emulator.api().get("/x");
    if (headers["content-length"] !== undefined) setTimeout(() => void emulator.stop(), 50);
    await expect(reading).rejects.toThrow(ForeignFault);
    await expect(reading).rejects.toThrow("/x: the answer broke off");
  });
});

test("nobody there", async () => {
  const api = new ForeignApi({ base: "http://127.0.0.1:9", headers: {}, signal: AbortSignal.timeout(10_000) });
  await expect(api.get("/x")).rejects.toThrow("http://127.0.0.1:9/x cannot be reached");
});

test("a source that asks for longer than a person waits is not asked again sooner", async () => {
  // Freshservice answers so beyond its limit: docs.exalate.com/docs/rate-limit-limitations-for-freshservice ("Retry-After: 1521").
  const busy = (): EmulatedAnswer => ({ status: 429, headers: { "retry-after": "1521" }, body: {} });
  await withEmulator(busy, async (emulator) => {
    await expect(emulator.api().get("/api/v2/assets")).rejects.toThrow("asks to wait 1521 s: run the import again");
    expect(emulator.requests).toHaveLength(1);
  });
});

test("the wait may be a date (RFC 9110, 10.2.3)", async () => {
  let left = 1;
  const until = new Date(Date.now() + 20_000).toUTCString();
  const busy = (): EmulatedAnswer =>
    left-- > 0 ? { status: 503, headers: { "retry-after": until }, body: {} } : { body: { ok: true } };
  await withEmulator(busy, async (emulator) => {
    const waits: number[] = [];
    const sleep = (ms: number): Promise<void> => Promise.resolve(void waits.push(ms));
    const api = new ForeignApi({ base: emulator.url, headers: {}, signal: AbortSignal.timeout(10_000), sleep });
    expect(await api.get("/x")).toEqual({ ok: true });
    expect(waits[0]).toBeGreaterThan(10_000);
    expect(waits[0]).toBeLessThanOrEqual(20_000);
  });
});
