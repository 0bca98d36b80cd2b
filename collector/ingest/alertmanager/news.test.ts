import { Buffer } from "node:buffer";
import { expect, test } from "vitest";
import { News } from "./news.ts";

const BYTES = Buffer.from('[{"a":"ü"}, {"b":2} ,{"c":3}]');
const place = (text: string): [number, number] => {
  const from = BYTES.indexOf(text);
  return [from, from + Buffer.byteLength(text)];
};
const textOf = (news: News, isAll = false): unknown => JSON.parse(Buffer.from(news.body(BYTES, isAll)).toString());

test("the news of a request is a list of its own", () => {
  const news = new News();
  expect(textOf(news)).toEqual([]);
  for (const text of ['{"a":"ü"}', '{"c":3}']) news.add(...place(text));
  expect(news.count).toBe(2);
  expect(textOf(news)).toEqual([{ a: "ü" }, { c: 3 }]);
});

test("a request that is all news is not copied", () => {
  const news = new News();
  for (const text of ['{"a":"ü"}', '{"b":2}', '{"c":3}']) news.add(...place(text));
  expect(news.body(BYTES, true)).toBe(BYTES);
  expect(textOf(news)).toEqual(textOf(news, true));
});

test("what came in another form is there as its text", () => {
  const news = new News();
  news.addText('{"a":1}');
  news.addText('{"b":2}');
  expect(news.count).toBe(2);
  expect(textOf(news, true)).toEqual([{ a: 1 }, { b: 2 }]);
});
