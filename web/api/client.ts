/** The one way to the server: JSON in, JSON out, and every failure as an ApiError, for which there is a sentence for a person. */
import { hasMessages, isKey, type Key, loadMessages } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';

const PREFIX = '/api/v1';
const TIMEOUT_MS = 30_000;

/** `message` is the server's sentence, in English; `code` and `params` make one of the catalogue. */
type Fault = {
  path: string;
  message: string;
  code?: string | undefined;
  params?: Record<string, string | number> | undefined;
};
/** `failureCode`: absent in what an older version of the server told, and this browser has kept. */
type Failed = { failure: string | null; failureCode?: string | null | undefined };
type ErrorBody = { error?: { code?: string; message?: string; fields?: Fault[]; requestId?: string } };
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
type CallOptions = {
  body?: unknown;
  query?: Record<string, string | number | null | undefined>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** Goes on when the page is left. */
  keepalive?: boolean;
};

/** `isPartial`: a part of the network did not answer, so that something is missing. */
export type Page<Item> = { items: Item[]; nextCursor: string | null; isPartial?: boolean | undefined };

/** `status` is 0 when no reply came at all (`code` says 'offline', 'unreachable' or 'slow'). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: Fault[];
  readonly retryAfterSeconds: number;

  constructor(status: number, code: string, message: string, fields: Fault[] = [], retryAfterSeconds = 0) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

let tellSignedOut = () => {};

/** Told whenever the server says that nobody is signed in, whatever was asked for. */
export function onSignedOut(listener: () => void): void {
  tellSignedOut = listener;
}

/** Throws an ApiError for every status from 400, and when the server cannot be reached within 30 s. */
export async function call<Reply>(method: Method, path: string, options: CallOptions = {}): Promise<Reply> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
  try {
    const reply = await fetch(PREFIX + path + queryText(options.query), {
      method,
      signal,
      keepalive: options.keepalive ?? false,
      credentials: 'same-origin',
      headers:
        method === 'GET' ? options.headers : { 'content-type': 'application/json', ...options.headers },
      body: method === 'GET' ? undefined : JSON.stringify(options.body ?? {}),
    });
    const text = await reply.text();
    if (!reply.ok) {
      const error = errorOf(reply.status, text, reply.headers.get('retry-after'));
      // That nobody is signed in needs no words.
      if (error.code !== 'unauthenticated') await loadMessages(['errors']).catch(() => undefined);
      throw error;
    }
    return (text === '' ? undefined : JSON.parse(text)) as Reply;
  } catch (error) {
    if (error instanceof ApiError || options.signal?.aborted) throw error;
    throw timeout.aborted ? tooSlow() : unreachable();
  }
}

export function errorOf(status: number, text: string, retryAfter: string | null): ApiError {
  const error = parse(text)?.error;
  const seconds = Number(retryAfter) || 0;
  if (status === 401 && error?.code === 'unauthenticated') tellSignedOut();
  return new ApiError(status, error?.code ?? `http_${status}`, error?.message ?? '', error?.fields, seconds);
}

export function unreachable(): ApiError {
  const isOffline = typeof navigator !== 'undefined' && navigator.onLine === false;
  return new ApiError(0, isOffline ? 'offline' : 'unreachable', 'no reply');
}

function tooSlow(): ApiError {
  return new ApiError(0, 'slow', `no reply within ${TIMEOUT_MS} ms`);
}

/** What to tell a person about anything that was thrown: what happened, and what can be done. */
export function sentenceOf(error: unknown): string {
  return error instanceof ApiError ? [causeOf(error), adviceOf(error)].join(' ').trimEnd() : causeOf(error);
}

/** What happened, alone: for those who go on by themselves. Of what no catalogue knows, the server's own sentence. */
export function causeOf(error: unknown): string {
  if (!(error instanceof ApiError)) return t('common.pageFailed');
  const { status, code, message, fields } = error;
  if (status === 0) return t(NO_REPLY[code] ?? 'common.unreachable');
  const [fault] = fields;
  if ((code === 'invalid' || code === 'draft_unfinished') && fault) return faultText(fault);
  const key = `errors.${status === 401 && code === 'wrong_password' ? 'wrong_sign_in' : code}`;
  if (isKey(key)) return t(key);
  return message || t(BY_STATUS[status] ?? 'common.serverFailed');
}

const NO_REPLY: Readonly<Record<string, Key>> = { offline: 'common.offline', slow: 'common.slow' };
/** What comes from something in front of the server has no code. */
const BY_STATUS: Readonly<Record<number, Key>> = {
  401: 'common.signInFirst',
  403: 'common.notAllowed',
  404: 'common.notHere',
  413: 'common.tooLarge',
  429: 'common.tooFast',
};
/** May succeed later by itself. */
const PASSING = new Set([0, 408, 423, 429, 502, 503, 504]);
/** Below this "in a moment" says enough; from the other on minutes do, in seconds. */
const MOMENT_SECONDS = 5;
const MINUTES_FROM_SECONDS = 90;

function adviceOf({ status, code, retryAfterSeconds: seconds }: ApiError): string {
  if (!PASSING.has(status) && code !== 'http_500') return '';
  if (code === 'offline') return t('common.againOnline');
  if (seconds <= MOMENT_SECONDS) return t('common.againSoon');
  return seconds < MINUTES_FROM_SECONDS
    ? t('common.againSeconds', { count: Math.ceil(seconds) })
    : t('common.againMinutes', { count: Math.ceil(seconds / 60) });
}

/** What is wrong with one field of a form, or undefined. */
export function faultOf(error: unknown, path: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  const found = error.fields.find((fault) => fault.path.split(/[./]/).includes(path));
  return found && faultText(found);
}

export function faultText({ code, params, message }: Omit<Fault, 'path'>): string {
  const key = [`errors.field_${code}`, `errors.${code}`].find(isKey);
  return key ? t(key, params) : message;
}

/** Why something failed while nobody asked, of which the server keeps a code and a sentence; null until the catalogue is here. */
export function reasonOf({ failure, failureCode }: Failed): string | null {
  const key = `errors.${failureCode}`;
  if (isKey(key)) return t(key);
  return failureCode && !hasMessages(['errors']) ? null : failure;
}

export function isGone(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 404 || error.status === 410);
}

/** Not there, or an address that never was one. For what is read. */
export function isNowhere(error: unknown): boolean {
  return isGone(error) || (error instanceof ApiError && error.status === 400);
}

function parse(text: string): ErrorBody | null {
  try {
    return JSON.parse(text) as ErrorBody;
  } catch {
    return null;
  }
}

function queryText(query: CallOptions['query']): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === null || value === undefined || value === '' ? [] : [[name, String(value)]],
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(pairs)}`;
}
