import { expect, test } from "vitest";
import { meaningOf, typeOfName, type WordMeaning } from "./relation-word.ts";

/** "A <word> B": who needs whom. */
test.for<[word: string, meaning: WordMeaning | undefined]>([
  ["Depends On", { from: "first", type: "dependsOn" }],
  ["depends_on", { from: "first", type: "dependsOn" }],
  ["Used By", { from: "second", type: "uses" }],
  ["Required by", { from: "second", type: "dependsOn" }],
  ["Uses", { from: "first", type: "uses" }],
  ["Hosted on", { from: "first", type: "hostedOn" }],
  ["Hosts", { from: "second", type: "hostedOn" }],
  ["Runs on", { from: "first", type: "runsOn" }],
  ["Runs", { from: "second", type: "hostedOn" }],
  ["Installed on", { from: "first", type: "hostedOn" }],
  ["Member of", { from: "second", type: "hasMember" }],
  ["Members", { from: "first", type: "hasMember" }],
  ["Located in", { from: "first", type: "containedIn" }],
  ["Contains", { from: "second", type: "containedIn" }],
  ["Connected To", { from: "first", type: "connectsTo" }],
  ["Sends Data To", { from: "second", type: "dependsOn" }],
  ["Receives Data From", { from: "first", type: "uses" }],
  ["Impacts", { from: "second", type: "dependsOn" }],
  ["Owner", "nothing"],
  ["Managed By", "nothing"],
  ["Haunts", undefined],
])("%s", ([word, meaning]) => {
  expect(meaningOf(word)).toEqual(meaning);
});

test.for([
  ["Virtual Machine", "vm"],
  ["LinuxServer", "host"],
  ["Network Switch", "switch"],
  ["BusinessService", "businessService"],
  ["Application Service", "service"],
  ["SQL Database", "database"],
  ["LogicalVolume", "storage"],
  ["Farm", "cluster"],
  ["Rack", "rack"],
  ["WebApplication", "application"],
] as const)("%s is %s", ([name, type]) => {
  expect(typeOfName(name)).toBe(type);
});
