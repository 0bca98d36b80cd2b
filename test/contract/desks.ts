import { bmcHelix } from "../../collector/connector/bmc-helix/bmc-helix.ts";
import { freshservice } from "../../collector/connector/freshservice/freshservice.ts";
import { jiraServiceManagement } from "../../collector/connector/jira-service-management/jira-service-management.ts";
import { serviceNow } from "../../collector/connector/service-now/service-now.ts";
import type { ConnectorKind } from "../../collector/port/connector.ts";
import { Secret } from "../../collector/port/secret.ts";
import {
  bmcEmulator,
  type DeskEmulator,
  freshserviceEmulator,
  jiraEmulator,
  serviceNowEmulator,
} from "../support/desk-emulators.ts";

/** Every ITSM tool: our connector, its emulator, and settings that fit it. */
export interface DeskUnderTest {
  name: string;
  kind: ConnectorKind;
  emulator: () => DeskEmulator;
  settings: Readonly<Record<string, unknown>>;
}

const COMMON = { timeout: 30_000, drift: { closed: "reopen", deleted: "recreate", priority: "keep" } } as const;

export const DESKS: readonly DeskUnderTest[] = [
  {
    name: "serviceNow",
    kind: serviceNow,
    emulator: serviceNowEmulator,
    settings: { ...COMMON, username: "tocsin", password: new Secret("right"), closeCode: "Solution provided" },
  },
  {
    name: "jiraServiceManagement",
    kind: jiraServiceManagement,
    emulator: jiraEmulator,
    settings: {
      ...COMMON,
      username: "a@example.net",
      apiToken: new Secret("right"),
      project: "OPS",
      issueType: "Incident",
      setPriority: true,
      transitions: {},
    },
  },
  {
    name: "bmcHelix",
    kind: bmcHelix,
    emulator: bmcEmulator,
    settings: {
      ...COMMON,
      username: "tocsin",
      password: new Secret("right"),
      keyField: "Vendor Ticket Number",
      firstName: "App",
      lastName: "Admin",
    },
  },
  {
    name: "freshservice",
    kind: freshservice,
    emulator: freshserviceEmulator,
    settings: { ...COMMON, apiKey: new Secret("right"), email: "tocsin@example.net" },
  },
];
