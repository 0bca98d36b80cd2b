import { expect, test } from "vitest";
import { jsonFault } from "./json-guard.ts";

const LIMITS = { depthMax: 3, valuesMax: 10, keysMax: 4 };

test.for<[situation: string, text: string, fault: ReturnType<typeof jsonFault>]>([
  ["as deep as may be", "[[[1]]]", null],
  ["deeper", '[[{"a":[]}]]', "tooDeep"],
  ["brackets in a text", '["[[[[{{{{"]', null],
  ["a quote in a text", '["\\"[[[["]', null],
  ["as many values as may be", "[1,2,3,4,5,6,7,8,9,0]", null],
  ["more values", "[1,2,3,4,5,6,7,8,9,0,1]", "tooManyValues"],
  ["as many keys as may be", '{"a":1,"b":2,"c":3,"d":4}', null],
  ["more keys", '{"a":1,"b":2,"c":3,"d":4,"e":5}', "tooManyKeys"],
  ["more keys in what stands in a list", '[1,{"a":1,"b":2,"c":3,"d":4,"e":5}]', "tooManyKeys"],
  ["more keys after a list that stands among them", '{"a":1,"b":2,"c":[1,2,3],"d":4,"e":5}', "tooManyKeys"],
  ["many keys in two objects", '[{"a":1,"b":2,"c":3},{"d":4,"e":5,"f":6}]', null],
  ["commas in a text are no keys", '{"a":",,,,,,"}', null],
  ["closed more often than opened: the parser refuses it", "]]]][[[[[[[", null],
  ["open at the end: the parser refuses it", '["', null],
])("%s", ([, text, fault]) => {
  expect(jsonFault(Buffer.from(text), LIMITS)).toBe(fault);
});
