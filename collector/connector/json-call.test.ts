import { expect, test } from "vitest";
import type { Outgoing, OutgoingResult } from "../port/outgoing.ts";
import { at, basic, callJson, textAt } from "./json-call.ts";

function answering(httpStatus: number, body: string, truncated = false): Outgoing {
  const answer: OutgoingResult = { status: "answered", httpStatus, headers: {}, body, truncated };
  return {
    send: () => Promise.resolve(answer),
    vet: () => Promise.resolve({ status: "allowed", address: "192.0.2.1", family: 4 }),
    close: () => Promise.resolve(),
  };
}

const call = (outgoing: Outgoing) =>
  callJson(
    outgoing,
    { method: "GET", url: "https://x.example/", headers: {}, signal: new AbortController().signal },
    0,
  );

/** Each tool puts what is wrong somewhere else; the operator must see it. */
test.for<[tool: string, body: unknown, detail: string]>([
  [
    "ServiceNow",
    { error: { message: "Resolution code is mandatory", detail: "x" }, status: "failure" },
    "HTTP 400: Resolution code is mandatory",
  ],
  [
    "Jira, by field",
    { errorMessages: [], errors: { priority: "Field cannot be set" } },
    "HTTP 400: priority: Field cannot be set",
  ],
  ["Jira, in general", { errorMessages: ["Issue does not exist"], errors: {} }, "HTTP 400: Issue does not exist"],
  [
    "Freshservice",
    { description: "Validation failed", errors: [{ field: "category", message: "It should be present" }] },
    "HTTP 400: category: It should be present",
  ],
  [
    "BMC",
    [{ messageType: "ERROR", messageText: "Required field cannot be blank", messageNumber: 9424 }],
    "HTTP 400: Required field cannot be blank",
  ],
  ["something else", { a: 1 }, "HTTP 400"],
  ["a text", "no", "HTTP 400"],
  ["hostile", { message: `a\nb\u202e${"x".repeat(500)}` }, `HTTP 400: a b ${"x".repeat(195)}…`],
])("%s says what is wrong", async ([, body, detail]) => {
  const answer = await call(answering(400, JSON.stringify(body)));
  expect(answer).toEqual({
    status: "failed",
    httpStatus: 400,
    failure: { status: "permanent", reason: "rejected", detail },
  });
});

test("an empty answer is fine, a page is not", async () => {
  expect(await call(answering(204, ""))).toMatchObject({ status: "ok", body: null });
  expect(await call(answering(200, "<html>login</html>"))).toMatchObject({
    status: "failed",
    failure: { reason: "badResponse" },
  });
  expect(await call(answering(200, "{}", true))).toMatchObject({
    status: "failed",
    failure: { reason: "badResponse" },
  });
});

test("what came from outside is read by own keys only", () => {
  expect(at({ a: [{ b: 1 }] }, "a", 0, "b")).toBe(1);
  expect(at({}, "constructor")).toBeUndefined();
  expect(at(null, "a")).toBeUndefined();
  expect([textAt({ a: 7 }, "a"), textAt({ a: {} }, "a"), textAt("x", "length")]).toEqual(["7", "", ""]);
});

test("credentials beyond ASCII", () => {
  expect(basic("a", "ü")).toBe("Basic YTrDvA==");
});
