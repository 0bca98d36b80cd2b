import type { FastifyReply, FastifyRequest } from "fastify";
import { Refusal, type Trouble } from "../port/ingest.ts";
import type { Log, Telemetry } from "../port/telemetry.ts";

interface Told extends Trouble {
  retryAfterS?: number;
}

/** Codes of Fastify's own refusals, as ours. */
const FASTIFY_CODES: Readonly<Record<string, [status: number, code: string, message: string]>> = {
  FST_ERR_BAD_URL: [400, "badUrl", "the path is not valid"],
  FST_ERR_MAX_PARAM_LENGTH: [414, "badUrl", "a part of the path is too long"],
  FST_ERR_CTP_BODY_TOO_LARGE: [413, "bodyTooLarge", "the body is too large"],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: [400, "badRequest", "the body is not as long as Content-Length says"],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: [415, "unsupportedType", "the content type is not supported here"],
};

/** What the sender is told of an error; anything that is not a refusal is a fault of ours. */
export function troubleOf(error: unknown): Told {
  if (error instanceof Refusal)
    return {
      status: error.status,
      code: error.code,
      message: error.message,
      ...(error.details === undefined ? {} : { details: error.details }),
      ...(error.retryAfterS === undefined ? {} : { retryAfterS: error.retryAfterS }),
    };
  const known = error as { code?: unknown; statusCode?: unknown; validation?: unknown; message?: unknown };
  if (Array.isArray(known.validation))
    return {
      status: 400,
      code: "badRequest",
      message: faultSentence(known.validation),
      details: validationDetails(known.validation),
    };
  const own = typeof known.code === "string" ? FASTIFY_CODES[known.code] : undefined;
  if (own !== undefined) return { status: own[0], code: own[1], message: own[2] };
  if (typeof known.statusCode === "number" && known.statusCode >= 400 && known.statusCode < 500)
    return { status: known.statusCode, code: "badRequest", message: String(known.message) };
  return { status: 500, code: "internal", message: "the collector failed at this; its log says more" };
}

const validationDetails = (faults: { instancePath?: string; message?: string }[]): unknown =>
  faults.slice(0, 10).map(({ instancePath = "", message = "" }) => ({ path: instancePath, message }));

/** What Ajv tells of one fault; with `verbose` also the part of the schema that it is about. */
interface SchemaFault {
  keyword?: string;
  instancePath?: string;
  message?: string;
  params?: { additionalProperty?: string; missingProperty?: string; allowedValues?: unknown[]; type?: unknown };
  parentSchema?: { properties?: Record<string, unknown> };
}

/** The first fault in words for whoever wrote the body: where it is, and what to do. */
function faultSentence(faults: readonly SchemaFault[]): string {
  const last = faults.at(-1) ?? {};
  const fault = last.keyword === "anyOf" ? last : (faults[0] ?? {});
  const path = (fault.instancePath ?? "")
    .split("/")
    .slice(1)
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join("");
  return path === "" ? `the body: ${wordsFor(fault, faults)}` : `${path}: ${wordsFor(fault, faults)}`;
}

function wordsFor(
  { keyword, message = "is not valid", params = {}, parentSchema }: SchemaFault,
  faults: readonly SchemaFault[],
): string {
  const keys = Object.keys(parentSchema?.properties ?? {}).join(", ");
  if (keyword === "required") return `${JSON.stringify(params.missingProperty)} is missing`;
  if (keyword === "additionalProperties")
    return `${JSON.stringify(params.additionalProperty?.slice(0, 40))} is not known here; known here: ${keys}`;
  if (keyword === "minProperties" || keyword === "maxProperties") return `give one of ${keys}`;
  if (keyword === "enum") return `must be one of ${params.allowedValues?.join(", ")}`;
  if (keyword !== "anyOf") return message;
  const choices = faults.filter(({ keyword: each }) => each === "type").map(({ params: each }) => String(each?.type));
  return choices.length === 0 ? message : `must be ${choices.join(" or ")}`;
}

/** Answers an error in the route's own form, or as `{code, message, details?}`. */
export function answerTrouble(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  ports: { log: Log; telemetry: Telemetry },
): FastifyReply {
  const { retryAfterS, ...trouble } = troubleOf(error);
  if (trouble.status >= 500 && !(error instanceof Refusal))
    ports.log.error("a request failed", { method: request.method, route: request.routeOptions.url, error });
  ports.telemetry.count("tocsin_http_refused_total", { code: trouble.code });
  if (retryAfterS !== undefined) void reply.header("retry-after", String(retryAfterS));
  // Fastify would close the connection in the middle of the body: a sender that still writes then sees a broken pipe, tries
  // again and never learns why. What is left of the body is drained.
  if (error instanceof Refusal) void reply.removeHeader("connection");
  if (trouble.status === 401) void reply.header("www-authenticate", 'Bearer realm="tocsin"');
  const { status, ...body } = trouble;
  const render = request.routeOptions.config?.renderError;
  if (render !== undefined) {
    const own = render(trouble, request.headers["content-type"] ?? "");
    const bytes = typeof own.body === "string" ? own.body : Buffer.from(own.body);
    return reply.code(status).header("content-type", own.contentType).serializer(String).send(bytes);
  }
  return reply.code(status).header("content-type", "application/json; charset=utf-8").send(JSON.stringify(body));
}
