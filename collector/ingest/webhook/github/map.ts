import { parseJson } from "../../body.ts";
import { pickCi } from "../../ci-label.ts";
import { type EventDraft, eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, labelsFrom, linkTo, listOf, textAt } from "../../field.ts";
import { isHmacHex } from "../signature.ts";
import { notOfKind, type WebhookKind } from "../webhook-kind.ts";

type Change = Pick<EventDraft, "check" | "summary" | "at"> & {
  instance?: string | undefined;
  link: unknown;
  labels?: Record<string, unknown>;
};

const short = (sha: unknown): string => (textAt(sha) ?? "").slice(0, 8);
const branchOf = (ref: unknown): string => (textAt(ref) ?? "").replace(/^refs\/(?:heads|tags)\//, "");

function deployment(body: unknown): Change {
  const environment = textAt(at(body, "deployment", "environment"), 200) ?? "an environment";
  const status = at(body, "deployment_status");
  const state = textAt(at(status, "state"));
  const ref = branchOf(at(body, "deployment", "ref"));
  const what = state === undefined ? "started" : state.replaceAll("_", " ");
  return {
    check: "deployment",
    instance: environment,
    summary: `deployment of ${ref} ${short(at(body, "deployment", "sha"))} to ${environment}: ${what}`,
    at: anyTimeAt(at(status, "created_at") ?? at(body, "deployment", "created_at")),
    link: at(status, "target_url") ?? at(status, "log_url"),
    labels: { environment, state: state ?? "created", ref, sha: at(body, "deployment", "sha") },
  };
}

function release(body: unknown): Change | undefined {
  const action = textAt(at(body, "action"));
  if (action !== "published" && action !== "released") return undefined;
  const tag = textAt(at(body, "release", "tag_name"), 200) ?? "";
  return {
    check: "release",
    summary: `release ${tag} ${action}`,
    at: anyTimeAt(at(body, "release", "published_at")),
    link: at(body, "release", "html_url"),
    labels: { tag },
  };
}

/** Only of the default branch: others do not run anywhere. */
function push(body: unknown): Change | undefined {
  const branch = branchOf(at(body, "ref"));
  const isDefault = branch === textAt(at(body, "repository", "default_branch"));
  if (!isDefault || at(body, "deleted") === true) return undefined;
  const count = listOf(at(body, "commits")).length;
  const title = (textAt(at(body, "head_commit", "message"), 1000) ?? "").split("\n", 1)[0];
  return {
    check: "push",
    summary: `${count} commits to ${branch}: ${title}`,
    at: anyTimeAt(at(body, "head_commit", "timestamp")),
    link: at(body, "compare"),
    labels: { ref: branch, sha: at(body, "after") },
  };
}

function workflowRun(body: unknown): Change | undefined {
  const run = at(body, "workflow_run");
  if (textAt(at(body, "action")) !== "completed") return undefined;
  const name = textAt(at(run, "name"), 200) ?? textAt(at(body, "workflow", "name"), 200) ?? "workflow";
  const branch = branchOf(at(run, "head_branch"));
  return {
    check: "workflow",
    instance: name,
    summary: `workflow ${name} on ${branch} ${short(at(run, "head_sha"))}: ${textAt(at(run, "conclusion")) ?? "completed"}`,
    at: anyTimeAt(at(run, "updated_at")),
    link: at(run, "html_url"),
    labels: { ref: branch, sha: at(run, "head_sha"), conclusion: at(run, "conclusion") },
  };
}

const CHANGES: Readonly<Record<string, (body: unknown) => Change | undefined>> = {
  deployment,
  deployment_status: deployment,
  release,
  push,
  workflow_run: workflowRun,
};

/** GitHub: deployments, releases, pushes to the default branch and workflow runs, as changes of the repository's CI. */
export const github: WebhookKind = {
  name: "github",
  map(message, context) {
    const type = message.header("x-github-event");
    if (type === undefined) throw notOfKind("github", "the header X-GitHub-Event is expected");
    const field = message.form().get("payload");
    const body = field === null ? message.json() : parseJson(field);
    const read = Object.hasOwn(CHANGES, type) ? CHANGES[type] : undefined;
    const change = read?.(body);
    if (change === undefined) return { events: [], dropped: { noChange: 1 } };
    const repository = textAt(at(body, "repository", "full_name"), 256);
    if (repository === undefined) throw notOfKind("github", "a repository is expected");
    const { link, labels, ...rest } = change;
    const event = eventOfDraft(
      {
        ...rest,
        id: message.header("x-github-delivery"),
        source: "github",
        ci: pickCi([textAt(at(body, "repository", "name")), repository], context.isKnownCi),
        kind: "change",
        status: "firing",
        severity: "info",
        labels: labelsFrom({ ...labels, repository, actor: at(body, "sender", "login") }),
        links: linkTo(link, "github"),
      },
      context.now,
    );
    return { events: [event] };
  },
  isSigned(message, secrets) {
    const signature = message.header("x-hub-signature-256") ?? "";
    return signature.startsWith("sha256=") && isHmacHex("sha256", secrets, message.bytes, signature.slice(7));
  },
};
