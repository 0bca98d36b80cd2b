import { at, textAt } from "./foreign-value.ts";

/** Why a source could not be read, for the operator. */
export class ForeignFault extends Error {
  /** What the source answered with, where it did. */
  readonly status: number | undefined;
  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

export interface ApiRequest {
  method?: "GET" | "POST";
  /** Added to the base; begins with a slash. Or an absolute address under the base, as some sources give the next page. */
  path: string;
  body?: unknown;
  /** Sent as a form instead of JSON. */
  form?: Readonly<Record<string, string>>;
  headers?: Readonly<Record<string, string>>;
}

export interface ApiAnswer {
  body: unknown;
  headers: Headers;
}

/** How far reading has come. */
export interface ReadProgress {
  /** That were read whole. */
  answers: number;
  sizeBytes: number;
  /** The source has asked for patience, and is asked again after so long; 0 = it has not. */
  waitMs: number;
}

export interface ApiOptions {
  base: string;
  headers: Readonly<Record<string, string>>;
  signal: AbortSignal;
  fetch?: typeof fetch;
  /** Called after each answer, and before each wait. */
  onProgress?: (progress: Readonly<ReadProgress>) => void;
  /** Waits; for tests. */
  sleep?: (ms: number) => Promise<void>;
}

const ATTEMPTS = 5;
/** What a person who started an import waits for; hourly limits ask for more (Freshservice's old accounts: 1521 s). */
const WAIT_MAX_MS = 5 * 60_000;
const TIMEOUT_MS = 60_000;
const BODY_BYTES_MAX = 256 * 1024 * 1024;

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/**
 * Reads a foreign HTTP API for an import: JSON, patient with limits of rate, bounded in size. It never follows a redirect,
 * which would take the credentials along, and asks only under its base.
 */
export class ForeignApi {
  private readonly options: ApiOptions;
  private readonly base: string;
  private answers = 0;
  private sizeBytes = 0;

  constructor(options: ApiOptions) {
    this.options = options;
    this.base = options.base.replace(/\/+$/, "");
  }

  async get(path: string, headers?: Readonly<Record<string, string>>): Promise<unknown> {
    return (await this.send({ path, ...(headers === undefined ? {} : { headers }) })).body;
  }

  /** Throws `ForeignFault` with what the source said. */
  async send(request: ApiRequest): Promise<ApiAnswer> {
    const url = this.address(request.path);
    for (let attempt = 1; ; attempt += 1) {
      const response = await this.once(url, request);
      const isBusy = response.status === 429 || response.status === 503;
      if (!isBusy || attempt >= ATTEMPTS) return this.read(response, url);
      await response.body?.cancel();
      const waitMs = retryAfterMs(response.headers.get("retry-after")) ?? 2 ** attempt * 500;
      // Asking again sooner would only use up what the source counts.
      if (waitMs > WAIT_MAX_MS)
        throw new ForeignFault(
          `${where(url)} answered ${response.status} and asks to wait ${Math.round(waitMs / 1000)} s: run the import again after that`,
        );
      this.tell(waitMs);
      await (this.options.sleep ?? pause)(waitMs);
    }
  }

  private tell(waitMs: number): void {
    const { answers, sizeBytes } = this;
    this.options.onProgress?.({ answers, sizeBytes, waitMs });
  }

  private address(path: string): string {
    const url = /^https?:\/\//i.test(path) ? path : `${this.base}${path}`;
    if (url !== this.base && !url.startsWith(`${this.base}/`) && !url.startsWith(`${this.base}?`))
      throw new ForeignFault(`the source leads to ${new URL(url).host}, which is not where it was said to be`);
    return url;
  }

  private async once(url: string, { method, body, form, headers }: ApiRequest): Promise<Response> {
    const content =
      form !== undefined
        ? { body: new URLSearchParams(form).toString(), type: "application/x-www-form-urlencoded" }
        : body === undefined
          ? undefined
          : { body: JSON.stringify(body), type: "application/json" };
    try {
      return await (this.options.fetch ?? fetch)(url, {
        method: method ?? (content === undefined ? "GET" : "POST"),
        headers: {
          accept: "application/json",
          ...(content === undefined ? {} : { "content-type": content.type }),
          ...this.options.headers,
          ...headers,
        },
        ...(content === undefined ? {} : { body: content.body }),
        redirect: "manual",
        signal: AbortSignal.any([this.options.signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
    } catch (error) {
      const cause = (error as { cause?: Error }).cause?.message;
      throw new ForeignFault(`${url} cannot be reached: ${cause ?? (error as Error).message}`);
    }
  }

  private async read(response: Response, url: string): Promise<ApiAnswer> {
    const text = await limitedText(response).catch((error: unknown) => {
      if (error instanceof ForeignFault) throw error;
      const cause = (error as { cause?: Error }).cause?.message;
      throw new ForeignFault(`${where(url)}: the answer broke off: ${cause ?? (error as Error).message}`);
    });
    this.answers += 1;
    this.sizeBytes += Buffer.byteLength(text);
    this.tell(0);
    if (!response.ok)
      throw new ForeignFault(
        `${where(url)} answered ${response.status}: ${text.replace(/\s+/g, " ").slice(0, 200)}`,
        response.status,
      );
    try {
      return { body: text === "" ? undefined : (JSON.parse(text) as unknown), headers: response.headers };
    } catch {
      // A login page, most often: the text would help no one.
      throw new ForeignFault(`${where(url)} answered something that is not JSON; is the address right?`);
    }
  }
}

/**
 * The list that an answer has under `field`, or is. Throws `ForeignFault` where there is none, or an error beside it (ServiceNow
 * answers 200 also when it gave up in the middle): read as an empty list it would take all CIs of the source away.
 */
export function answeredList(body: unknown, field?: string): readonly unknown[] {
  const list = field === undefined ? body : at(body, field);
  const error = at(body, "error") ?? undefined;
  if (Array.isArray(list) && error === undefined) return list as readonly unknown[];
  const said = textAt(error, "message") ?? textAt(error) ?? textAt(body, "message");
  const wanted = field === undefined ? "a list" : `a list "${field}"`;
  throw new ForeignFault(`the source answered something else than ${wanted}${said === undefined ? "" : `: ${said}`}`);
}

const where = (url: string): string => url.split("?", 1)[0] ?? url;

/** Seconds, or a date (RFC 9110 section 10.2.3); undefined where it says neither. */
function retryAfterMs(text: string | null): number | undefined {
  if (text === null || text === "") return undefined;
  const seconds = Number(text);
  if (Number.isFinite(seconds)) return seconds > 0 ? seconds * 1000 : undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(1000, at - Date.now());
}

async function limitedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) throw new ForeignFault(`an answer is larger than ${BODY_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
