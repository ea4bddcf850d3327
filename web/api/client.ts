/** The one way to the server: JSON in, JSON out, and every failure as an ApiError with a sentence for a person. */

const PREFIX = '/api/v1';
const TIMEOUT_MS = 30_000;

type Fault = { path: string; message: string };
type ErrorBody = { error?: { code?: string; message?: string; fields?: Fault[]; requestId?: string } };
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type CallOptions = {
  body?: unknown;
  query?: Record<string, string | number | null | undefined>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
};

/** `isPartial`: a part of the network did not answer, so that something is missing. */
export type Page<Item> = { items: Item[]; nextCursor: string | null; isPartial?: boolean | undefined };

/** `status` is 0 when no reply came at all (`code` says 'unreachable' or 'slow'). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Fault[];

  constructor(status: number, code: string, message: string, fields: Fault[] = []) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

/** Throws an ApiError for every status from 400, and when the server cannot be reached within 30 s. */
export async function call<Reply>(method: Method, path: string, options: CallOptions = {}): Promise<Reply> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  try {
    const reply = await fetch(PREFIX + path + queryText(options.query), {
      method,
      signal,
      credentials: 'same-origin',
      headers:
        method === 'GET' ? options.headers : { 'content-type': 'application/json', ...options.headers },
      body: method === 'GET' ? undefined : JSON.stringify(options.body ?? {}),
    });
    const text = await reply.text();
    if (!reply.ok) throw errorOf(reply.status, text, reply.headers.get('retry-after'));
    return (text === '' ? undefined : JSON.parse(text)) as Reply;
  } catch (error) {
    if (error instanceof ApiError || options.signal?.aborted) throw error;
    throw timeout.aborted ? tooSlow() : unreachable();
  }
}

export function errorOf(status: number, text: string, retryAfter: string | null): ApiError {
  const error = parse(text)?.error;
  const message = error?.message ?? fallbackSentence(status);
  const seconds = Number(retryAfter);
  const wait = retryAfter && seconds > 0 && !/\d/.test(message) ? ` Try again in ${waitText(seconds)}.` : '';
  return new ApiError(status, error?.code ?? `http_${status}`, message + wait, error?.fields);
}

export function unreachable(): ApiError {
  const isOffline = typeof navigator !== 'undefined' && navigator.onLine === false;
  return new ApiError(
    0,
    'unreachable',
    isOffline
      ? 'You are offline. Try again when you have a connection.'
      : 'The server cannot be reached. Try again in a moment.',
  );
}

function tooSlow(): ApiError {
  return new ApiError(0, 'slow', 'The server is taking too long to answer. Try again in a moment.');
}

/** What to tell a person about anything that was thrown. */
export function sentenceOf(error: unknown): string {
  return error instanceof ApiError ? error.message : 'Something went wrong on this page. Try again.';
}

/** The server's sentence about one field of a form, or undefined. */
export function faultOf(error: unknown, path: string): string | undefined {
  return error instanceof ApiError
    ? error.fields.find((fault) => fault.path.split(/[./]/).includes(path))?.message
    : undefined;
}

export function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 410);
}

function parse(text: string): ErrorBody | null {
  try {
    return JSON.parse(text) as ErrorBody;
  } catch {
    return null;
  }
}

function fallbackSentence(status: number): string {
  if (status === 401) return 'Sign in to go on.';
  if (status === 403) return 'This is not allowed.';
  if (status === 404) return 'This is not here, or is not shown to you.';
  if (status === 413) return 'This is too large to be sent.';
  if (status === 429) return 'That was a little too fast.';
  return 'The server could not do this just now. Try again in a moment.';
}

function waitText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}

function queryText(query: CallOptions['query']): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}
