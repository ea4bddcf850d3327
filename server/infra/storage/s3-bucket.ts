/**
 * What is asked of a bucket, each answer checked. The store's yes is not enough: after each write it is asked for size
 * and checksum, so that one that says yes without storing is found out before anybody is told that his photo is safe.
 */
import { createHash } from 'node:crypto';
import { pipeline, Readable, Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import {
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import type { S3Address } from '../../config.ts';
import { connectS3, type Deadlines, isAbsent, nameOf, TRIES_MAX, toStoreFault } from './s3-client.ts';
import { StoreFault } from './storage.ts';

/** `md5` is in hex, and null where the ETag is something else: of many parts, or encrypted with a key of the owner's. */
type Head = { sizeBytes: number; modifiedMs: number; etag: string; md5: string | null };
export type Bucket = ReturnType<typeof openBucket>;

/** The smallest that S3 allows; an upload holds about three of it in memory. */
const PART_BYTES = 5 * 1024 ** 2;
const MD5 = /^[0-9a-f]{32}$/;
const REMOVED_TOGETHER = 1_000;
const RETRY_MS = 100;
/** A body that is read as a whole may take this many times as long as a request. */
const BODY_FACTOR = 4;
/** Past this, S3 itself refuses at fifteen minutes, and signed addresses and stories end at the wrong time. */
const CLOCK_SKEW_MAX_MS = 5 * 60_000;

/** What a CDN on the bucket tells browsers; what came in is never shown. */
function typeOf(key: string): string {
  return key.endsWith('.jpg') ? 'image/jpeg' : 'application/octet-stream';
}

function refuseSkew(skewMs: number, address: S3Address): void {
  if (Math.abs(skewMs) <= CLOCK_SKEW_MAX_MS) return;
  const minutes = Math.round(Math.abs(skewMs) / 60_000);
  const whose = `The clock of this machine differs from that of the photo store ${nameOf(address)}`;
  throw new StoreFault(`${whose} by ${minutes} minutes. Set it right.`, false);
}

/** What reading and writing have in common: questions that fail as StoreFaults, and what the store says that it has. */
function openTalk(client: S3Client, address: S3Address) {
  const { bucket: Bucket } = address;

  async function ask<Answer>(doing: string, work: Promise<Answer>): Promise<Answer> {
    try {
      return await work;
    } catch (error) {
      throw toStoreFault(error, address, doing);
    }
  }

  /** Null where there is no such file. */
  function askFor<Answer>(doing: string, work: Promise<Answer>): Promise<Answer | null> {
    return ask(
      doing,
      work.catch((error) => {
        if (isAbsent(error)) return null;
        throw error;
      }),
    );
  }

  async function head(key: string): Promise<Head | null> {
    const answer = await askFor(`ask for ${key}`, client.send(new HeadObjectCommand({ Bucket, Key: key })));
    if (!answer) return null;
    if (answer.ContentLength === undefined) throw brokenFault(`gives no size of ${key}`);
    return {
      sizeBytes: answer.ContentLength,
      modifiedMs: answer.LastModified?.getTime() ?? 0,
      ...checksumOf(answer),
    };
  }

  /**
   * Throws unless the store has these bytes under the key. `answered` is the ETag that it gave to the write; that
   * counts where the ETag is not made of the bytes as `etag` is (encrypted, or copied from many parts into one).
   */
  async function confirm(
    key: string,
    written: { sizeBytes: number; etag: string },
    answered: string | undefined,
  ): Promise<void> {
    const found = await head(key);
    if (!found) throw brokenFault(`said that it stored ${key}, and has not`);
    const mayDiffer = found.md5 === null || !MD5.test(written.etag);
    const isSame =
      found.etag === written.etag || (mayDiffer && found.etag !== '' && found.etag === unquoted(answered));
    if (found.sizeBytes !== written.sizeBytes || !isSame)
      throw brokenFault(`said that it stored ${key}, and has something else there`);
  }

  function brokenFault(sentence: string): StoreFault {
    return new StoreFault(`The photo store ${nameOf(address)} ${sentence}.`, true);
  }

  async function open(key: string, abortSignal?: AbortSignal) {
    const answer = await askFor(
      `read ${key}`,
      client.send(new GetObjectCommand({ Bucket, Key: key }), abortSignal ? { abortSignal } : {}),
    );
    if (!answer) return null;
    const { Body: body, ContentLength: sizeBytes } = answer;
    if (!(body instanceof Readable) || sizeBytes === undefined) throw brokenFault(`gives no size of ${key}`);
    const { md5 } = checksumOf(answer);
    const checked = checkedStream(sizeBytes, md5, () => brokenFault(`did not give all bytes of ${key}`));
    body.once('error', (error) => checked.destroy(toStoreFault(error, address, `read ${key}`)));
    pipeline(body, checked, () => undefined);
    return { stream: checked, sizeBytes };
  }

  return { ask, askFor, head, confirm, brokenFault, open };
}

export function openBucket(address: S3Address, deadlines: Deadlines) {
  const client = connectS3(address, deadlines);
  const { bucket: Bucket } = address;
  const bodyMs = deadlines.requestMs * BODY_FACTOR;
  const { ask, askFor, head, confirm, brokenFault, open } = openTalk(client, address);

  async function removeSome(keys: string[]): Promise<void> {
    const Objects = keys.map((Key) => ({ Key }));
    const command = new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } });
    const { Errors: [first] = [] } = await ask(`remove ${Objects.length} files`, client.send(command));
    if (first) throw brokenFault(`could not remove ${first.Key}: ${first.Code} ${first.Message ?? ''}`);
  }

  return {
    client,
    bodyMs,
    ask,
    head,
    open,

    /** Throws with a sentence what would keep the store from working: its address, its keys, this machine's clock. */
    async probe(): Promise<void> {
      await ask('list what it holds', client.send(new ListObjectsV2Command({ Bucket, MaxKeys: 1 })));
      // The library measures it at each answer, and mends its signatures by it.
      refuseSkew(client.config.systemClockOffset, address);
    },

    async put(key: string, bytes: Uint8Array): Promise<void> {
      const etag = createHash('md5').update(bytes).digest('hex');
      const what = { Body: bytes, ContentLength: bytes.length, ContentType: typeOf(key) };
      const command = new PutObjectCommand({ Bucket, Key: key, ...what });
      const { ETag: answered } = await ask(`store ${key}`, client.send(command));
      await confirm(key, { sizeBytes: bytes.length, etag }, answered);
    },

    /**
     * In parts when it is long; when it throws, none of them is left, unless the store fails at that too. `sent` says,
     * once the body has ended, what it was.
     */
    async upload(
      key: string,
      body: Readable,
      sent: () => { sizeBytes: number; etag: string },
    ): Promise<void> {
      const params = { Bucket, Key: key, Body: body, ContentType: typeOf(key) };
      const upload = new Upload({ client, params, partSize: PART_BYTES, queueSize: 1 });
      const { ETag: answered } = await ask(`store ${key}`, upload.done());
      await confirm(key, sent(), answered);
    },

    /** Hands the body over, once more from its start when it breaks off. Null where there is none. */
    async readWhole<Result>(
      key: string,
      take: (body: Readable) => Promise<Result>,
    ): Promise<{ result: Result } | null> {
      for (let tries = 1; ; tries++) {
        const found = await open(key, AbortSignal.timeout(bodyMs));
        if (!found) return null;
        try {
          return { result: await take(found.stream) };
        } catch (error) {
          const fault = toStoreFault(error, address, `read ${key}`);
          if (!fault.isPassing || tries === TRIES_MAX) throw fault;
          await delay(RETRY_MS * 2 ** tries);
        }
      }
    },

    /** Says whether there was something to copy. */
    async copy(from: string, to: string): Promise<boolean> {
      const source = await head(from);
      if (!source) return false;
      const copy = new CopyObjectCommand({ Bucket, Key: to, CopySource: `${Bucket}/${from}` });
      const answer = await askFor(`copy ${from}`, client.send(copy));
      if (!answer) return false;
      await confirm(to, source, answer.CopyObjectResult?.ETag);
      return true;
    },

    async remove(keys: readonly string[]): Promise<void> {
      const left = [...new Set(keys)];
      while (left.length > 0) await removeSome(left.splice(0, REMOVED_TOGETHER));
    },
  };
}

function checksumOf(answer: {
  ETag?: string | undefined;
  ServerSideEncryption?: string | undefined;
  SSECustomerAlgorithm?: string | undefined;
}): { etag: string; md5: string | null } {
  const etag = unquoted(answer.ETag);
  const isPlain = !answer.ServerSideEncryption?.startsWith('aws:') && !answer.SSECustomerAlgorithm;
  return { etag, md5: isPlain && MD5.test(etag) ? etag : null };
}

/** What the ETag of an upload will be: its MD5, or that of the MD5s of its parts, and how many they are. */
export function etagHash() {
  const parts: Buffer[] = [];
  let part = createHash('md5');
  let partBytes = 0;
  return {
    update(chunk: Uint8Array): void {
      for (let at = 0; at < chunk.length; ) {
        if (partBytes === PART_BYTES) {
          parts.push(part.digest());
          part = createHash('md5');
          partBytes = 0;
        }
        const piece = chunk.subarray(at, at + PART_BYTES - partBytes);
        part.update(piece);
        partBytes += piece.length;
        at += piece.length;
      }
    },
    digest(): string {
      if (parts.length === 0) return part.digest('hex');
      parts.push(part.digest());
      return `${createHash('md5').update(Buffer.concat(parts)).digest('hex')}-${parts.length}`;
    },
  };
}

function unquoted(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

/** Ends with an error where the bytes are not as many, or not those, that were promised. */
function checkedStream(sizeBytes: number, md5: string | null, fault: () => StoreFault): Transform {
  const hash = createHash('md5');
  let seenBytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seenBytes += chunk.length;
      hash.update(chunk);
      done(null, chunk);
    },
    flush(done) {
      const isWhole = seenBytes === sizeBytes && (md5 === null || hash.digest('hex') === md5);
      done(isWhole ? null : fault());
    },
  });
}
