import * as fc from "fast-check";
import { expect, test } from "vitest";
import { readCsv } from "./csv.ts";
import { cmdbFromCsv } from "./source.ts";

test.for<[situation: string, text: string, expected: unknown]>([
  ["plain", "a,b\n1,2\n", [{ line: 2, fields: { a: "1", b: "2" } }]],
  [
    "quotes, commas and lines within",
    'a,b\n"x, ""y""\nz",2\n3,4',
    [
      { line: 2, fields: { a: 'x, "y"\nz', b: "2" } },
      { line: 4, fields: { a: "3", b: "4" } },
    ],
  ],
  ["semicolons, byte order mark, carriage returns", "\ufeffA;B\r\n1;2\r\n", [{ line: 2, fields: { a: "1", b: "2" } }]],
  [
    "missing and empty fields",
    "a,b,c\n1,,\n\n2\n",
    [
      { line: 2, fields: { a: "1" } },
      { line: 4, fields: { a: "2" } },
    ],
  ],
  ["a hostile column", "a,__proto__\n1,2\n", [{ line: 2, fields: { a: "1" } }]],
])("%s", ([, text, expected]) => {
  expect(readCsv(text)).toMatchObject({ ok: true, records: expected });
});

test.for<[situation: string, text: string, line: number]>([
  ["nothing", "", 1],
  ["more fields than columns", "a,b\n1,2\n1,2,3\n", 3],
  ["a quote that is never closed", 'a\n1\n"x\n', 3],
])("told: %s", ([, text, line]) => {
  expect(readCsv(text)).toMatchObject({ ok: false, line });
});

test("any text is read or told", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", ",", '"', "\n", "\r", ";", " ") }),
      (text) => void readCsv(text),
    ),
  );
});

const CIS = {
  name: "cis.csv",
  text: "ID,Name,Type,Aliases,Owner,Criticality,Label.site\nweb-01,Web 01,host,web-01.example.net; 10.0.3.7,team-web,2,ams1\nshop,Shop,businessService,,,1,\n",
};

test("CIs and relations", () => {
  const relations = {
    name: "relations.csv",
    text: "from,type,to,confidence\nshop,dependsOn,web-01,0.5\nshop,dependsOn,gone,\n",
  };
  const { document, left, examples } = cmdbFromCsv(CIS, relations);
  expect(document).toEqual({
    cis: [
      { id: "shop", type: "businessService", name: "Shop", criticality: 1 },
      {
        id: "web-01",
        type: "host",
        name: "Web 01",
        aliases: ["web-01.example.net", "10.0.3.7"],
        labels: { site: "ams1" },
        owner: "team-web",
        criticality: 2,
      },
    ],
    relations: [{ from: "shop", type: "dependsOn", to: "web-01", confidence: 0.5 }],
  });
  expect(left).toEqual({ relationToNothing: 1 });
  expect(examples).toEqual({ relationToNothing: ["shop dependsOn gone"] });
});

test.for<[situation: string, cis: string, relations: string | undefined, message: string]>([
  ["another table", "foo,bar\n", undefined, "cis.csv:1: the header has no column id or name; it has foo, bar"],
  ["other relations", CIS.text, "from,to\n", "relations.csv:1: the header has no column type; it has from, to"],
  ["no name", "id,type\n,host\n", undefined, "cis.csv:2: a CI needs an id or a name"],
  ["no number", "id,criticality\na,high\n", undefined, 'cis.csv:2: "criticality" is no whole number: high'],
  ["no end", CIS.text, "from,type,to\nshop,dependsOn,\n", 'relations.csv:2: the column "to" is empty'],
  ["no weight", CIS.text, "from,type,to,confidence\nshop,dependsOn,web-01,2\n", "relations.csv:2"],
])("told: %s", ([, cis, relations, message]) => {
  expect(() =>
    cmdbFromCsv(
      { name: "cis.csv", text: cis },
      relations === undefined ? undefined : { name: "relations.csv", text: relations },
    ),
  ).toThrow(message);
});
