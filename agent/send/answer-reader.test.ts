import { array, assert, constantFrom, nat, property } from "fast-check";
import { expect, test } from "vitest";
import { AnswerReader, type Reading } from "./answer-reader.ts";

interface Read {
  reading: Reading;
  status: number;
  body: string;
  leaves: boolean;
  headers: AnswerReader["headers"];
}

/** The answer in pieces that end at `cuts`; then the other side closes. */
function read(text: string, cuts: readonly number[] = []): Read {
  const bytes = Buffer.from(text, "latin1");
  const reader = new AnswerReader();
  let reading: Reading = "more";
  let from = 0;
  for (const to of [...new Set(cuts)].sort((a, b) => a - b).concat(bytes.length)) {
    if (reading !== "more") break;
    reading = reader.take(bytes.subarray(from, to));
    from = to;
  }
  if (reading === "more") reading = reader.end();
  const { status, headers } = reader;
  return { reading, status, headers, body: reader.body.toString("latin1"), leaves: reader.leavesConnection };
}

const GOOD: readonly [situation: string, text: string, status: number, body: string, leaves: boolean][] = [
  ["a length", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", true],
  ["no reason phrase", "HTTP/1.1 503\r\ncontent-length: 0\r\n\r\n", 503, "", true],
  ["nothing modified", "HTTP/1.1 304 Not Modified\r\nETag: x\r\nContent-Length: 77\r\n\r\n", 304, "", true],
  ["no content", "HTTP/1.1 204 No Content\r\n\r\n", 204, "", true],
  [
    "chunks with extensions and trailers",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
    200,
    "abc0123456789",
    true,
  ],
  ["until the end", "HTTP/1.1 200 OK\r\n\r\nall of it", 200, "all of it", false],
  ["an older server", "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, "ok", false],
  ["that closes", "HTTP/1.1 401 No\r\nConnection: Close\r\nContent-Length: 2\r\n\r\nno", 401, "no", false],
  [
    "after an interim one",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Yes\r\nContent-Length: 1\r\n\r\n.",
    202,
    ".",
    true,
  ],
  ["with more behind it", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n.HTTP/1.1 200 OK\r\n", 200, ".", false],
  [
    "with a length and chunks",
    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n.\r\n0\r\n\r\n",
    200,
    ".",
    false,
  ],
];

test.for(GOOD)("an answer %s", ([, text, status, body, leaves]) => {
  expect(read(text)).toMatchObject({ reading: "whole", status, body, leaves });
});

test("it does not matter in which pieces an answer comes", () => {
  assert(
    property(constantFrom(...GOOD), array(nat(120)), ([, text, status, body, leaves], cuts) => {
      // What stands behind an answer is only seen when it comes with it.
      if (text.endsWith("HTTP/1.1 200 OK\r\n")) return;
      const within = cuts.filter((cut) => cut < text.length);
      expect(read(text, within)).toMatchObject({ reading: "whole", status, body, leaves });
    }),
  );
});

test("headers: names in lower case, values without blanks around them, several of one name with commas", () => {
  const { headers } = read("HTTP/1.1 200 OK\r\nRetry-After:  7 \t\r\nvia: a\r\nVia: b\r\nContent-Length: 0\r\n\r\n");
  expect(headers).toEqual({ "retry-after": "7", via: "a, b", "content-length": "0" });
});

const CHUNKED = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
test.for<[string, string, string]>([
  ["another protocol", "SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not speak HTTP/1"],
  ["HTTP/2", "HTTP/2 200\r\n\r\n", "does not speak HTTP/1"],
  ["a switch of protocols", "HTTP/1.1 101 Switching\r\n\r\n", "another protocol"],
  ["an encoding that nobody asked for", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "encoded as gzip"],
  ["a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "no number"],
  ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "no number"],
  ["a folded header", "HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\n\r\n", "malformed"],
  ["a blank before the colon", "HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\n", "malformed"],
  ["an endless head", `HTTP/1.1 200 OK\r\nA: ${"b".repeat(40_000)}`, "head is too long"],
  ["an announced flood", "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", "too long"],
  ["a flood", `HTTP/1.1 200 OK\r\n\r\n${"x".repeat(1_048_577)}`, "too long"],
  ["a flood in one chunk", `${CHUNKED}FFFFFFFF\r\n${"x".repeat(1_048_577)}`, "too long"],
  ["a chunk without a size", `${CHUNKED}x\r\n`, "chunks are malformed"],
  ["a chunk that is longer than it says", `${CHUNKED}1\r\nab\r\n`, "chunks are malformed"],
  ["an endless size", `${CHUNKED}${"0".repeat(2000)}`, "chunks are malformed"],
  ["endless trailers", `${CHUNKED}0\r\n${"a: b\r\n".repeat(300_000)}`, "too long"],
  ["an end in the middle", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "broke off"],
  ["an end before the last chunk", `${CHUNKED}1\r\na\r\n`, "broke off"],
  ["an end in the head", "HTTP/1.1 200 OK\r\nConte", "broke off"],
])("no answer: %s", ([, text, fault]) => {
  const { reading } = read(text);
  expect(reading).toMatchObject({ fault: expect.stringContaining(fault) as unknown });
});
