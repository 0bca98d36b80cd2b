/** Small copies of ITSM tools, written from their documentation: enough to find, open, change, resolve and lose tickets. */
export interface DeskRequest {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  text: string;
}

export interface DeskResponse {
  status: number;
  body?: unknown;
  /** Plain text rather than JSON. */
  text?: string;
}

export interface EmulatedTicket {
  id: string;
  key: string;
  /** As the tool holds it. */
  fields: Record<string, unknown>;
  notes: string[];
  deleted: boolean;
}

export interface DeskEmulator {
  tickets: EmulatedTicket[];
  handle(request: DeskRequest): DeskResponse;
  /** In our words. */
  stateOf(ticket: EmulatedTicket): "open" | "inProgress" | "resolved" | "closed";
  setState(ticket: EmulatedTicket, state: "resolved" | "closed"): void;
  priorityOf(ticket: EmulatedTicket): string;
  /** As a person would change it to the least urgent one. */
  lowerPriority(ticket: EmulatedTicket): void;
  subjectOf(ticket: EmulatedTicket): string;
}

const json = (text: string): Record<string, unknown> =>
  text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
const basicOf = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
const missing = (fields: Record<string, unknown>, names: readonly string[]): string | undefined =>
  names.find((name) => fields[name] === undefined || fields[name] === "");

export function serviceNowEmulator(): DeskEmulator {
  const tickets: EmulatedTicket[] = [];
  const record = (ticket: EmulatedTicket) => ({
    sys_id: ticket.id,
    number: `INC${ticket.id.padStart(7, "0")}`,
    ...ticket.fields,
  });
  const handle = ({ method, path, query, headers, text }: DeskRequest): DeskResponse => {
    if (headers["authorization"] !== basicOf("tocsin", "right"))
      return { status: 401, body: { error: { message: "User Not Authenticated" } } };
    const match = /^\/api\/now\/table\/incident(?:\/(\w+))?$/.exec(path);
    if (match === null)
      return { status: 400, body: { error: { message: "Requested URI does not represent any resource" } } };
    const ticket = tickets.find(({ id, deleted }) => id === match[1] && !deleted);
    if (match[1] !== undefined && ticket === undefined)
      return { status: 404, body: { error: { message: "No Record found" } } };
    if (method === "POST") {
      const fields: Record<string, unknown> = { state: "1", ...json(text) };
      if (missing(fields, ["short_description"]) !== undefined)
        return { status: 400, body: { error: { message: "short_description is mandatory" } } };
      const made = {
        id: String(tickets.length + 1),
        key: String(fields["correlation_id"]),
        fields,
        notes: [],
        deleted: false,
      };
      tickets.push(made);
      return { status: 201, body: { result: record(made) } };
    }
    if (method === "PATCH" && ticket !== undefined) {
      const { work_notes: note, ...fields } = json(text);
      if (fields["state"] === "6" && missing(fields, ["close_code", "close_notes"]) !== undefined)
        return { status: 403, body: { error: { message: "Data Policy Exception: Resolution code is mandatory" } } };
      if (ticket.fields["state"] === "7")
        return { status: 403, body: { error: { message: "Operation Failed: closed" } } };
      Object.assign(ticket.fields, fields);
      if (typeof note === "string") ticket.notes.push(note);
      return { status: 200, body: { result: record(ticket) } };
    }
    if (ticket !== undefined) return { status: 200, body: { result: record(ticket) } };
    const wanted = /correlation_id=([^^]*)/.exec(query.get("sysparm_query") ?? "")?.[1];
    // A term that the instance does not understand is dropped, and then everybody's tickets are the answer.
    const found = tickets.filter(({ key, deleted }) => !deleted && (wanted === undefined || key === wanted));
    return { status: 200, body: { result: found.toReversed().map(record) } };
  };
  return {
    tickets,
    handle,
    stateOf: ({ fields }) =>
      (({ "2": "inProgress", "6": "resolved", "7": "closed" })[String(fields["state"])] ?? "open") as "open",
    setState: (ticket, state) => void (ticket.fields["state"] = state === "closed" ? "7" : "6"),
    priorityOf: ({ fields }) => `${String(fields["impact"])}/${String(fields["urgency"])}`,
    lowerPriority: (ticket) => void Object.assign(ticket.fields, { impact: "3", urgency: "3" }),
    subjectOf: ({ fields }) => String(fields["short_description"]),
  };
}

export function freshserviceEmulator(): DeskEmulator {
  const tickets: EmulatedTicket[] = [];
  const record = (ticket: EmulatedTicket) => ({ id: Number(ticket.id), deleted: ticket.deleted, ...ticket.fields });
  const handle = ({ method, path, query, headers, text }: DeskRequest): DeskResponse => {
    if (headers["authorization"] !== basicOf("right", "X"))
      return { status: 401, body: { code: "invalid_credentials", message: "You have to be logged in" } };
    const match = /^\/api\/v2\/tickets(?:\/(\d+|filter))?(\/notes)?$/.exec(path);
    if (match === null) return { status: 404 };
    if (match[1] === "filter") {
      const wanted = /^"tag:'([^']*)'"$/.exec(query.get("query") ?? "")?.[1];
      if (wanted === undefined)
        return {
          status: 400,
          body: { description: "Validation failed", errors: [{ field: "query", message: "Invalid query" }] },
        };
      const found = tickets.filter((ticket) => !ticket.deleted && (ticket.fields["tags"] as string[]).includes(wanted));
      return { status: 200, body: { tickets: found.map(record), total: found.length } };
    }
    const ticket = tickets.find(({ id }) => id === match[1]);
    if (match[1] !== undefined && ticket === undefined) return { status: 404 };
    const body = json(text);
    if (method === "POST" && ticket !== undefined && match[2] !== undefined) {
      ticket.notes.push(String(body["body"]));
      return { status: 201, body: { conversation: { id: 1 } } };
    }
    if (method === "POST") {
      const lacking = missing(body, ["email", "subject", "description", "status", "priority"]);
      if (lacking !== undefined)
        return {
          status: 400,
          body: { description: "Validation failed", errors: [{ field: lacking, message: "It should be present" }] },
        };
      const key = (body["tags"] as string[]).find((tag) => tag.startsWith("tocsin-")) ?? "";
      const made = { id: String(100 + tickets.length), key, fields: body, notes: [], deleted: false };
      tickets.push(made);
      return { status: 201, body: { ticket: record(made) } };
    }
    if (ticket === undefined) return { status: 405 };
    if (method === "PUT") Object.assign(ticket.fields, body);
    return { status: 200, body: { ticket: record(ticket) } };
  };
  return {
    tickets,
    handle,
    stateOf: ({ fields }) => (({ 4: "resolved", 5: "closed" })[Number(fields["status"])] ?? "open") as "open",
    setState: (ticket, state) => void (ticket.fields["status"] = state === "closed" ? 5 : 4),
    priorityOf: ({ fields }) => String(fields["priority"]),
    lowerPriority: (ticket) => void (ticket.fields["priority"] = 1),
    subjectOf: ({ fields }) => String(fields["subject"]),
  };
}

const CATEGORIES: Readonly<Record<string, string>> = { "To Do": "new", "In Progress": "indeterminate", Done: "done" };

export function jiraEmulator(): DeskEmulator {
  const tickets: EmulatedTicket[] = [];
  const record = ({ id, fields }: EmulatedTicket) => ({
    id,
    key: `OPS-${id}`,
    fields: {
      ...fields,
      status: { name: fields["status"], statusCategory: { key: CATEGORIES[String(fields["status"])] } },
    },
  });
  const transitions = Object.entries(CATEGORIES).map(([name, key], index) => ({
    id: String(11 + index),
    name,
    to: { name, statusCategory: { key } },
  }));
  const change = (
    ticket: EmulatedTicket,
    action: string | undefined,
    method: string,
    body: Record<string, unknown>,
  ): DeskResponse => {
    if (action === "/transitions" && method === "GET") return { status: 200, body: { transitions } };
    if (action === "/transitions") {
      const wanted = transitions.find(({ id }) => id === (body["transition"] as { id?: string } | undefined)?.id);
      if (wanted === undefined)
        return { status: 400, body: { errorMessages: ["Transition id is not valid for this issue."] } };
      ticket.fields["status"] = wanted.name;
      return { status: 204 };
    }
    if (action === "/comment") {
      ticket.notes.push(JSON.stringify(body["body"]));
      return { status: 201, body: { id: "1" } };
    }
    if (method === "GET") return { status: 200, body: record(ticket) };
    Object.assign(ticket.fields, body["fields"]);
    return { status: 204 };
  };
  const handle = ({ method, path, headers, text }: DeskRequest): DeskResponse => {
    if (headers["authorization"] !== basicOf("a@example.net", "right"))
      return { status: 401, body: { errorMessages: ["Client must be authenticated"] } };
    const body = json(text);
    if (path === "/rest/api/3/search/jql") {
      const wanted = /labels = "([^"]*)"/.exec(String(body["jql"]))?.[1] ?? "";
      const found = tickets.filter(
        (ticket) => !ticket.deleted && (ticket.fields["labels"] as string[]).includes(wanted),
      );
      return { status: 200, body: { issues: found.toReversed().map(record), isLast: true } };
    }
    const match = /^\/rest\/api\/3\/issue(?:\/(\d+))?(\/transitions|\/comment)?$/.exec(path);
    if (match === null) return { status: 404, body: { errorMessages: ["null for uri"] } };
    if (match[1] === undefined) {
      const fields = body["fields"] as Record<string, unknown>;
      const lacking = missing(fields, ["project", "issuetype", "summary"]);
      if (lacking !== undefined || (fields["description"] as { type?: string }).type !== "doc")
        return { status: 400, body: { errorMessages: [], errors: { [lacking ?? "description"]: "is required" } } };
      const key = (fields["labels"] as string[]).find((label) => label.startsWith("tocsin-")) ?? "";
      const made = {
        id: String(tickets.length + 1),
        key,
        fields: { ...fields, status: "To Do" },
        notes: [],
        deleted: false,
      };
      tickets.push(made);
      return { status: 201, body: { id: made.id, key: `OPS-${made.id}`, self: "x" } };
    }
    const ticket = tickets.find(({ id, deleted }) => id === match[1] && !deleted);
    if (ticket === undefined)
      return {
        status: 404,
        body: { errorMessages: ["Issue does not exist or you do not have permission to see it."] },
      };
    return change(ticket, match[2], method, body);
  };
  return {
    tickets,
    handle,
    stateOf: ({ fields }) =>
      (({ "In Progress": "inProgress", Done: "resolved" })[String(fields["status"])] ?? "open") as "open",
    setState: (ticket) => void (ticket.fields["status"] = "Done"),
    priorityOf: ({ fields }) => (fields["priority"] as { name: string }).name,
    lowerPriority: (ticket) => void (ticket.fields["priority"] = { name: "Lowest" }),
    subjectOf: ({ fields }) => String(fields["summary"]),
  };
}

export function bmcEmulator(): DeskEmulator & { endTokens(): void } {
  const tickets: EmulatedTicket[] = [];
  let token = 0;
  const values = ({ id, key, fields }: EmulatedTicket) => ({
    ...fields,
    "Request ID": `INC_${id}`,
    "Incident Number": `INC${id.padStart(12, "0")}`,
    "Vendor Ticket Number": key,
  });
  const create = (text: string): DeskResponse => {
    const fields = json(text)["values"] as Record<string, unknown>;
    const lacking = missing(fields, [
      "First_Name",
      "Last_Name",
      "Description",
      "Impact",
      "Urgency",
      "Status",
      "Reported Source",
      "Service_Type",
      "z1D_Action",
    ]);
    if (lacking !== undefined)
      return {
        status: 400,
        body: [
          { messageType: "ERROR", messageText: `Required field cannot be blank : ${lacking}`, messageNumber: 9424 },
        ],
      };
    const made = {
      id: String(tickets.length + 1),
      key: String(fields["Vendor Ticket Number"]),
      fields,
      notes: [],
      deleted: false,
    };
    tickets.push(made);
    return {
      status: 201,
      body: { values: { "Request ID": `CREATE_${made.id}`, "Incident Number": values(made)["Incident Number"] } },
    };
  };
  const handle = ({ method, path, query, headers, text }: DeskRequest): DeskResponse => {
    if (path === "/api/jwt/login") {
      const form = new URLSearchParams(text);
      return form.get("password") === "right"
        ? { status: 200, text: `token-${token}` }
        : { status: 401, body: [{ messageText: "Authentication failed" }] };
    }
    if (headers["authorization"] !== `AR-JWT token-${token}`)
      return { status: 401, body: [{ messageText: "Authentication failed" }] };
    const form = decodeURIComponent(path.replace("/api/arsys/v1/entry/", ""));
    if (form === "HPD:IncidentInterface_Create") return create(text);
    if (form === "HPD:WorkLog") {
      const note = json(text)["values"] as Record<string, string>;
      tickets
        .find((ticket) => values(ticket)["Incident Number"] === note["Incident Number"])
        ?.notes.push(note["Detailed Description"] ?? "");
      return { status: 201 };
    }
    if (method === "GET" && form === "HPD:IncidentInterface") {
      const match = /^'([^']+)'="([^"]*)"$/.exec(query.get("q") ?? "");
      const found = tickets.filter(
        (ticket) => !ticket.deleted && Reflect.get(values(ticket), match?.[1] ?? "") === match?.[2],
      );
      return { status: 200, body: { entries: found.map((ticket) => ({ values: values(ticket) })) } };
    }
    const ids = /^HPD:IncidentInterface\/(INC_\d+)\|(INC_\d+)$/.exec(form);
    const ticket = tickets.find((one) => values(one)["Request ID"] === ids?.[1] && ids?.[1] === ids?.[2]);
    if (ticket === undefined || method !== "PUT")
      return { status: 404, body: [{ messageText: "Entry does not exist in database" }] };
    Object.assign(ticket.fields, json(text)["values"]);
    return { status: 204 };
  };
  return {
    tickets,
    handle,
    endTokens: () => void (token += 1),
    stateOf: ({ fields }) =>
      (({ Resolved: "resolved", Closed: "closed" })[String(fields["Status"])] ?? "open") as "open",
    setState: (ticket, state) => void (ticket.fields["Status"] = state === "closed" ? "Closed" : "Resolved"),
    priorityOf: ({ fields }) => `${String(fields["Impact"])}/${String(fields["Urgency"])}`,
    lowerPriority: (ticket) => void Object.assign(ticket.fields, { Impact: "4-Minor/Localized", Urgency: "4-Low" }),
    subjectOf: ({ fields }) => String(fields["Description"]),
  };
}
