/** Errors → status and body, here alone. What is not expected is a bug: 500, logged once with its request id. */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { ExpectedError, type FieldFault, Invalid, NotFound, Unavailable } from '../errors.ts';
import type { App } from '../infra/app.ts';
import { isConnectionLost, ServerDown } from '../infra/server-down.ts';
import { StoreFault } from '../infra/storage/storage.ts';
import { describeFault } from './sentences.ts';

export function answerError(app: App, error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const expected = isCutOff(request) ? CUT_OFF : expectedOf(notFoundOrUnknown(error, request));
  if (!expected)
    app.log.error(
      { err: error, requestId: request.id, method: request.method, url: request.url },
      'request failed',
    );
  // That a server is down is logged once, when it goes down.
  else if (expected.status >= 500 && !(error instanceof ServerDown))
    app.log.warn({ err: error, requestId: request.id }, expected.message);
  const { status, code, message, fields, retryAfterSeconds } = expected ?? UNEXPECTED;
  if (retryAfterSeconds) reply.header('retry-after', String(Math.ceil(retryAfterSeconds)));
  // A body that was not read to its end cannot be followed by another request.
  if (!request.raw.complete) reply.header('connection', 'close');
  return reply
    .code(status)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send({ error: { code, message, ...(fields ? { fields } : {}), requestId: request.id } });
}

/** What is no HTTP at all, too long in its headers, or never ends: answered before there is a request. */
export function answerClientError(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, code, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ([431, 'headers_too_large', 'The headers are too large.'] as const)
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ([408, 'too_slow', 'The request took too long to arrive.'] as const)
        : ([400, 'invalid_request', 'The request is malformed.'] as const);
  const body = JSON.stringify({ error: { code, message, requestId: '' } });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}

/** A body of a thousand wrong fields is told the first of them. */
const FIELDS_MAX = 20;
/** The client went away in the middle of its body: whatever failed then, failed because of that. */
function isCutOff(request: FastifyRequest): boolean {
  return request.raw.destroyed && !request.raw.complete;
}

/** While a server does not answer, what was not found may well be there. */
function notFoundOrUnknown(error: unknown, request: FastifyRequest): unknown {
  return error instanceof NotFound && request.scope?.isPartial
    ? new ServerDown('servers', 'a part of the answer is not known', { cause: error })
    : error;
}

const CUT_OFF = new Invalid('cut_off', 'The request was not sent to its end.');
const UNEXPECTED = {
  status: 500,
  code: 'internal',
  message: 'Something went wrong on our side. Try again; if it stays, tell the operator.',
  fields: undefined,
  retryAfterSeconds: undefined,
};

function expectedOf(error: unknown): ExpectedError | null {
  if (error instanceof ExpectedError) return error;
  if (error instanceof StoreFault)
    return new Unavailable('store_down', 'The photo store does not answer just now. Try again in a moment.');
  if (hasZodFastifySchemaValidationErrors(error)) {
    const fields = error.validation.slice(0, FIELDS_MAX).map((fault) => ({
      path: fault.instancePath.replace(/^\//, '').replaceAll('/', '.'),
      ...describeFault(fault),
    }));
    return wrongFields(fields, error.validationContext);
  }
  return frameworkError(error as Partial<FastifyError>) ?? unavailable(error);
}

function wrongFields(fields: FieldFault[], context: string | undefined): Invalid {
  const [first] = fields;
  const where = first?.path ? `${first.path}: ` : context === 'body' ? 'The body: ' : '';
  return new Invalid('invalid', `${where}${first?.message ?? 'Something is wrong.'}`, fields);
}

/** Fastify's own refusals: too large, unknown content type, bad URL. */
function frameworkError(error: Partial<FastifyError>): ExpectedError | null {
  if (!error.code?.startsWith('FST_') || !error.statusCode || error.statusCode >= 500) return null;
  if (error.statusCode === 413) return new ExpectedError(413, 'body_too_large', 'The body is too large.');
  if (error.statusCode === 415)
    return new ExpectedError(415, 'media_type', 'Send JSON with the content type application/json.');
  if (error.statusCode === 404) return new NotFound();
  return new ExpectedError(error.statusCode, 'invalid_request', 'The request is malformed.');
}

/** Too many connections, or a statement that took too long: the server is there, and cannot do it now. */
const OVERLOADED = new Set(['53300', '57014', '25P03', '55P03']);

/** Null for every other error. */
export function unavailable(error: unknown): Unavailable | null {
  const isOverloaded = error instanceof Error && 'code' in error && OVERLOADED.has(String(error.code));
  return error instanceof ServerDown || isOverloaded || isConnectionLost(error)
    ? new Unavailable(
        'database_unavailable',
        'A part of the network is not reachable just now. Try again in a moment.',
        2,
      )
    : null;
}
