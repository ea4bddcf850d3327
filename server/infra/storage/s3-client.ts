/** The connection to a bucket, and what its errors mean in sentences for operators. */
import { createHash } from 'node:crypto';
import { S3Client } from '@aws-sdk/client-s3';
import type { S3Address } from '../../config.ts';
import { StoreFault } from './storage.ts';

/** Deadlines of one try, in ms: until connected; until the answer begins, and between two pieces of it. */
export type Deadlines = { connectMs: number; requestMs: number };

export const TRIES_MAX = 3;
/** Streams to slow readers hold a socket each. */
const SOCKETS_MAX = 200;
const MESSAGE_MAX = 300;

/** Errors of status 400 to 409 that another try may mend. */
const PASSING = new Set([
  'RequestTimeout',
  'BadDigest',
  'XAmzContentSHA256Mismatch',
  'IncompleteBody',
  'NoSuchUpload',
  'OperationAborted',
]);
const REFUSED = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch']);

export function connectS3(address: S3Address, { connectMs, requestMs }: Deadlines): S3Client {
  const agent = { keepAlive: true, maxSockets: SOCKETS_MAX };
  const client = new S3Client({
    endpoint: address.endpoint,
    region: address.region,
    credentials: { accessKeyId: address.accessKey, secretAccessKey: address.secret },
    forcePathStyle: true,
    maxAttempts: TRIES_MAX,
    retryMode: 'standard',
    requestHandler: {
      connectionTimeout: connectMs,
      requestTimeout: requestMs,
      throwOnRequestTimeout: true,
      socketTimeout: requestMs,
      httpAgent: agent,
      httpsAgent: agent,
    },
    // Older stores know neither the newer checksums nor the trailers that carry them; Content-MD5 all of them know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  client.middlewareStack.add(
    (next) => async (args) => {
      const { request } = args as { request: { headers: Record<string, string>; body?: unknown } };
      if (typeof request.body === 'string' || request.body instanceof Uint8Array) {
        delete request.headers['x-amz-sdk-checksum-algorithm'];
        delete request.headers['x-amz-checksum-crc32'];
        request.headers['content-md5'] = createHash('md5').update(request.body).digest('base64');
      }
      return next(args);
    },
    { step: 'build', priority: 'low', name: 'contentMd5' },
  );
  return client;
}

/** Nothing of the address that is secret. */
export function nameOf({ endpoint, bucket }: S3Address): string {
  return `${endpoint}/${bucket}`;
}

/** `doing`: what was tried, like "read originals/4f/4f2a". */
export function toStoreFault(error: unknown, address: S3Address, doing: string): StoreFault {
  if (error instanceof StoreFault) return error;
  const { name, status, message } = describe(error, address);
  const store = `The photo store ${nameOf(address)}`;
  const fault = (sentence: string) => new StoreFault(`${store} ${sentence} (${doing})`, false);
  if (name === 'NoSuchBucket')
    return fault(`has no bucket "${address.bucket}". Make it, or correct PINHOLE_S3.`);
  if (REFUSED.has(name)) return fault(`refuses the access key or its secret: ${name}. Correct PINHOLE_S3.`);
  if (name === 'RequestTimeTooSkewed')
    return fault(
      'says that the clock of this machine differs from its own by more than it takes. Set it right.',
    );
  if (name === 'AccessDenied' || status === 403)
    return fault(
      `does not allow this: ${name}. The access key needs the right to list, read, write and delete.`,
    );
  if (name === 'AuthorizationHeaderMalformed' || name === 'PermanentRedirect')
    return fault(`wants another region than "${address.region}": ${message}`);
  const isPassing = status === undefined || status >= 500 || status === 429 || PASSING.has(name);
  const answer = status === undefined ? [name, message] : ['it answered', status, name, message];
  return new StoreFault(`${store} could not ${doing}: ${answer.filter(Boolean).join(' ')}`, isPassing);
}

export function isAbsent(error: unknown): boolean {
  return ['NoSuchKey', 'NotFound'].includes(error instanceof Error ? error.name : '');
}

function describe(error: unknown, { secret }: S3Address) {
  if (!(error instanceof Error)) return { name: 'Error', status: undefined, message: String(error) };
  const { $metadata, code } = error as { $metadata?: { httpStatusCode?: number }; code?: unknown };
  // Where an answer has no body, as that to HEAD, or no message, these words stand for it.
  const name = error.name === 'Unknown' ? '' : error.name;
  const said = error.message === 'UnknownError' ? undefined : error.message;
  const message = [code, said].filter((part) => part !== undefined && part !== name).join(' ');
  return {
    name,
    status: $metadata?.httpStatusCode,
    message: message.replaceAll(secret, '…').slice(0, MESSAGE_MAX),
  };
}
