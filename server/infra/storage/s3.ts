/**
 * The photo store in a bucket that speaks S3. Two who write different bytes under one key at the same moment may both
 * be refused, since each looks whether its own are there; the keys of photos have one writer.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type ListMultipartUploadsCommandOutput,
  paginateListObjectsV2,
} from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import type { S3Address } from '../../config.ts';
import { type Bucket, etagHash, openBucket } from './s3-bucket.ts';
import { type Deadlines, toStoreFault } from './s3-client.ts';
import { allowForms } from './s3-cors.ts';
import { removeLeftovers, scratchPathIn } from './scratch.ts';
import {
  checkKey,
  checkPrefix,
  DamagedFile,
  isKey,
  limited,
  MAX_TOGETHER,
  NotStored,
  type Storage,
  type StoredFile,
} from './storage.ts';

const DEADLINES: Deadlines = { connectMs: 3_000, requestMs: 30_000 };
/** Of a file up to this a slow reader holds no connection: it is read whole first. */
const WHOLE_MAX_BYTES = 1024 ** 2;

/**
 * Asks the store whether it can be used; throws a StoreFault otherwise. `scratch` is a folder for copies on this machine,
 * `origin` that of the pages that shall send files by forms; without it there are no forms.
 */
export async function openS3Storage(
  address: S3Address,
  scratch: string,
  deadlines = DEADLINES,
  origin: string | null = null,
): Promise<Storage> {
  const bucket = openBucket(address, deadlines);
  try {
    await bucket.probe();
    await mkdir(scratch, { recursive: true, mode: 0o700 });
    await removeLeftovers(scratch, 0);
  } catch (error) {
    bucket.client.destroy();
    throw error;
  }

  const hasForms = origin !== null && (await allowForms(bucket.client, address.bucket, origin));
  return {
    receive: (key, body, maxBytes) => receive(bucket, key, body, maxBytes),

    async put(key, bytes) {
      checkKey(key);
      await bucket.put(key, bytes);
    },

    async putAll(entries) {
      if (entries.length > MAX_TOGETHER) throw new RangeError(`at most ${MAX_TOGETHER} files at once`);
      for (const { key } of entries) checkKey(key);
      const written = await Promise.allSettled(entries.map(({ key, bytes }) => bucket.put(key, bytes)));
      for (const result of written) if (result.status === 'rejected') throw result.reason;
    },

    async read(key) {
      checkKey(key);
      const read = await bucket.readWhole(key, buffer);
      if (!read) throw new NotStored(key);
      return read.result;
    },

    async stat(key) {
      checkKey(key);
      const found = await bucket.head(key);
      return found && { sizeBytes: found.sizeBytes, modifiedMs: found.modifiedMs };
    },

    open: (key) => openWhole(bucket, key),

    local: (key, sha256) => download(bucket, scratch, key, sha256),

    async md5(key) {
      checkKey(key);
      const found = await bucket.head(key);
      if (!found || found.md5) return found?.md5 ?? null;
      const read = await bucket.readWhole(key, async (body) => {
        const hash = createHash('md5');
        await pipeline(body, hash);
        return hash.digest('hex');
      });
      return read?.result ?? null;
    },

    async move(from, to) {
      checkKey(from);
      checkKey(to);
      const isThere = from === to ? false : await bucket.copy(from, to);
      if (isThere) await bucket.remove([from]);
      else if (!(await bucket.head(to))) throw new NotStored(from);
    },

    formFor: async (key, limits) => (hasForms ? formFor(bucket, address, key, limits) : null),

    async remove(keys) {
      for (const key of keys) checkKey(key);
      await bucket.remove(keys);
    },

    freeBytes: async () => null,

    list(prefix) {
      checkPrefix(prefix);
      return listBucket(bucket, address, prefix);
    },

    async removeAbandoned(olderThanMs) {
      return (
        (await abortUploads(bucket, address, olderThanMs)) + (await removeLeftovers(scratch, olderThanMs))
      );
    },

    close: async () => bucket.client.destroy(),
  };
}

async function receive(bucket: Bucket, key: string, body: AsyncIterable<Uint8Array>, maxBytes: number) {
  checkKey(key);
  const [sha256, etag] = [createHash('sha256'), etagHash()];
  let sizeBytes = 0;
  let fault: { error: unknown } | undefined;
  async function* watched() {
    try {
      yield* limited(body, maxBytes, (chunk) => {
        sizeBytes += chunk.length;
        sha256.update(chunk);
        etag.update(chunk);
      });
    } catch (error) {
      fault = { error };
      throw error;
    }
  }
  try {
    await bucket.upload(key, Readable.from(watched()), () => ({ sizeBytes, etag: etag.digest() }));
  } catch (error) {
    throw fault ? fault.error : error;
  }
  return { sizeBytes, sha256: sha256.digest('hex') };
}

/** A short file is here and checked before its first byte is passed on; a long one streams through. */
async function openWhole(bucket: Bucket, key: string) {
  checkKey(key);
  const tooLong = new AbortController();
  const timer = setTimeout(() => tooLong.abort(), bucket.bodyMs);
  try {
    const found = await bucket.open(key, tooLong.signal);
    if (!found || found.sizeBytes > WHOLE_MAX_BYTES) return found;
    const again = async () => (await bucket.readWhole(key, buffer))?.result;
    const bytes = await buffer(found.stream).catch(again);
    return bytes ? { stream: Readable.from([bytes], { objectMode: false }), sizeBytes: bytes.length } : null;
  } finally {
    clearTimeout(timer);
  }
}

async function download(bucket: Bucket, scratch: string, key: string, sha256?: string) {
  checkKey(key);
  const path = scratchPathIn(scratch);
  const release = () => rm(path, { force: true });
  try {
    const read = await bucket.readWhole(key, async (body) => {
      const hash = createHash('sha256');
      body.on('data', (chunk: Buffer) => hash.update(chunk));
      await pipeline(body, createWriteStream(path, { mode: 0o600 }));
      return hash.digest('hex');
    });
    if (!read) throw new NotStored(key);
    if (sha256 !== undefined && read.result !== sha256) throw new DamagedFile(key);
    return { path, release };
  } catch (error) {
    await release();
    throw error;
  }
}

async function formFor(
  bucket: Bucket,
  address: S3Address,
  key: string,
  {
    maxBytes,
    minutes,
    contentTypes = [],
  }: { maxBytes: number; minutes: number; contentTypes?: readonly string[] },
) {
  checkKey(key);
  const [type = '', ...more] = contentTypes;
  const family = type.slice(0, type.indexOf('/') + 1);
  if (!more.every((each) => family !== '' && each.startsWith(family)))
    throw new RangeError('content types of more than one family');
  return createPresignedPost(bucket.client, {
    Bucket: address.bucket,
    Key: key,
    Expires: Math.round(minutes * 60),
    Fields: type !== '' && more.length === 0 ? { 'Content-Type': type } : {},
    Conditions: [
      ['content-length-range', 0, maxBytes],
      ...(more.length > 0
        ? [['starts-with', '$Content-Type', family] as ['starts-with', string, string]]
        : []),
    ],
  });
}

async function* listBucket(bucket: Bucket, address: S3Address, prefix: string): AsyncGenerator<StoredFile> {
  const pages = paginateListObjectsV2({ client: bucket.client }, { Bucket: address.bucket, Prefix: prefix });
  try {
    // What others put there under names that cannot be keys is none of ours.
    for await (const { Contents: files = [] } of pages)
      for (const { Key: key = '', Size: sizeBytes = 0, LastModified: modified } of files)
        if (isKey(key)) yield { key, sizeBytes, modifiedMs: modified?.getTime() ?? 0 };
  } catch (error) {
    throw toStoreFault(error, address, 'list what it holds');
  }
}

async function abortUploads(bucket: Bucket, address: S3Address, olderThanMs: number): Promise<number> {
  const { client, ask } = bucket;
  let aborted = 0;
  let page: Partial<ListMultipartUploadsCommandOutput> = { IsTruncated: true };
  while (page.IsTruncated) {
    const listing = new ListMultipartUploadsCommand({
      Bucket: address.bucket,
      KeyMarker: page.NextKeyMarker,
      UploadIdMarker: page.NextUploadIdMarker,
    });
    page = await ask('list uploads', client.send(listing));
    for (const { Key, UploadId, Initiated } of page.Uploads ?? []) {
      if (!Key || !isKey(Key) || Date.now() - (Initiated?.getTime() ?? 0) < olderThanMs) continue;
      const abort = new AbortMultipartUploadCommand({ Bucket: address.bucket, Key, UploadId });
      await ask(`end the upload of ${Key}`, client.send(abort));
      aborted += 1;
    }
  }
  return aborted;
}
