import type { Event } from "../../../core/model/event.ts";
import type { Severity } from "../../../core/model/severity.ts";
import { pickCi } from "../../ci-label.ts";
import { eventOfDraft } from "../../event-draft.ts";
import { anyTimeAt, at, documentOf, entryOf, labelsFrom, listOf, textAt } from "../../field.ts";
import { mapEach, type MapContext, notOfKind, type WebhookKind } from "../webhook-kind.ts";

/** Reasons of warnings that are worse than a warning. */
const SEVERITIES: Readonly<Record<string, Severity>> = {
  // Of a pod whose node is not ready: the node tells it as well.
  NodeNotReady: "major",
  SystemOOM: "critical",
  Rebooted: "major",
  OOMKilling: "major",
  Evicted: "major",
  BackOff: "major",
  CrashLoopBackOff: "major",
  FailedMount: "major",
  FailedAttachVolume: "major",
  FailedScheduling: "major",
  NetworkNotReady: "critical",
};

/**
 * What is wrong with a node is told as a Normal event, once, and so is its end: by the kubelet, by the node controller where the
 * node is silent, and by the cloud's where it is gone.
 */
const NODE_TROUBLE: Readonly<Record<string, Severity>> = {
  NodeNotReady: "critical",
  NodeHasDiskPressure: "major",
  NodeHasInsufficientMemory: "major",
  NodeHasInsufficientPID: "major",
};
const NODE_ENDS: Readonly<Record<string, string>> = {
  NodeReady: "NodeNotReady",
  RemovingNode: "NodeNotReady",
  DeletingNode: "NodeNotReady",
  NodeHasNoDiskPressure: "NodeHasDiskPressure",
  NodeHasSufficientMemory: "NodeHasInsufficientMemory",
  NodeHasSufficientPID: "NodeHasInsufficientPID",
};

/** Normal events that are somebody's change. */
const CHANGES: ReadonlySet<string> = new Set([
  "ScalingReplicaSet",
  "SuccessfulRescale",
  "NodeSchedulable",
  "NodeNotSchedulable",
]);

/** Kubernetes tells that something happened and rarely that it is over: a warning holds for as long as it is repeated. */
const HOLDS_MS = 15 * 60_000;

type Dropped = "normal" | "deleted";

/** `events.k8s.io/v1` (`regarding`, `note`) and core `v1` (`involvedObject`, `message`). */
function eventOf(item: unknown, context: MapContext): Event | Dropped {
  const object = at(item, "regarding") ?? at(item, "involvedObject");
  const reason = textAt(at(item, "reason"), 128);
  const kind = textAt(at(object, "kind"), 100);
  const name = textAt(at(object, "name"), 253);
  if (reason === undefined || kind === undefined || name === undefined)
    throw notOfKind("kubernetes", "an Event with reason and regarding (or involvedObject) is expected");
  const isNormal = at(item, "type") === "Normal";
  const trouble = kind === "Node" ? entryOf(NODE_TROUBLE, reason) : undefined;
  const ends = kind === "Node" && isNormal ? entryOf(NODE_ENDS, reason) : undefined;
  const isChange = isNormal && CHANGES.has(reason);
  if (isNormal && trouble === undefined && ends === undefined && !isChange) return "normal";
  const namespace = textAt(at(object, "namespace"), 253);
  const qualified = namespace === undefined ? name : `${namespace}/${name}`;
  const last =
    at(item, "series", "lastObservedTime") ?? at(item, "deprecatedLastTimestamp") ?? at(item, "lastTimestamp");
  return eventOfDraft(
    {
      source: "kubernetes",
      ci: pickCi([qualified, name], context.isKnownCi, [textAt(at(object, "uid"))]),
      check: ends ?? reason,
      instance: `${kind} ${qualified}`,
      kind: isChange ? "change" : "alert",
      status: ends === undefined ? "firing" : "resolved",
      severity: trouble ?? (isNormal ? "info" : (entryOf(SEVERITIES, reason) ?? "warning")),
      summary: textAt(at(item, "note") ?? at(item, "message"), 1024) ?? reason,
      at: anyTimeAt(last) ?? anyTimeAt(at(item, "eventTime")),
      labels: labelsFrom({
        kind,
        namespace,
        name,
        node: at(item, "deprecatedSource", "host") ?? at(item, "source", "host"),
        controller: at(item, "reportingController") ?? at(item, "source", "component"),
      }),
      expiresAfterMs: trouble === undefined && ends === undefined && !isChange ? HOLDS_MS : undefined,
    },
    context.now,
  );
}

/** Of one message; more are left out and counted. */
const ITEMS_MAX = 10_000;

/** Kubernetes events: one, a list, or what a watch gives; exporters of events post them. */
export const kubernetes: WebhookKind = {
  name: "kubernetes",
  map(message, context) {
    const body = message.json();
    const items = Array.isArray(body) ? body : Array.isArray(at(body, "items")) ? listOf(at(body, "items")) : [body];
    const mapped = mapEach(items.slice(0, ITEMS_MAX), (item) => {
      const watched = documentOf(at(item, "object"));
      return watched !== undefined && at(item, "type") === "DELETED" ? "deleted" : eventOf(watched ?? item, context);
    });
    return { ...mapped, dropped: { ...mapped.dropped, tooMany: Math.max(0, items.length - ITEMS_MAX) } };
  },
};
