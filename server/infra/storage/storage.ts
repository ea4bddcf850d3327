/**
 * Where photo bytes live: the one port, with two adapters behind it. A folder (folder.ts) is the default; a bucket that
 * speaks S3 (s3.ts) is for networks with more than one machine. What put, putAll and receive have answered survives a
 * power cut: the folder has fsynced it, the bucket was asked for it again and gave the same size and checksum.
 */
import type { Readable } from 'node:stream';

export type StoredFile = { key: string; sizeBytes: number; modifiedMs: number };
/** An HTML form that sends one file straight to the store: a POST of the fields, and after them `file`. */
export type UploadForm = { url: string; fields: Record<string, string> };

/**
 * Keys are relative paths in lower case, like `originals/4f/4f2a.jpg`; any other throws a BadKey. Every method of a
 * remote store can throw a StoreFault.
 */
export type Storage = {
  /**
   * Streams a body into the store and replaces what was there. Throws TooLarge past maxBytes, and whatever the body
   * throws; nothing is left behind then. `sha256` is in hex. A body that is too large is not read further: where it
   * is a Node stream this destroys it, unless given as `stream.iterator({ destroyOnReturn: false })`.
   */
  receive(
    key: string,
    body: AsyncIterable<Uint8Array>,
    maxBytes: number,
  ): Promise<{ sizeBytes: number; sha256: string }>;
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** At most 64 entries. It is not one transaction: when it throws, some may be stored. */
  putAll(entries: readonly { key: string; bytes: Uint8Array }[]): Promise<void>;
  /** Throws NotStored if there is none. */
  read(key: string): Promise<Buffer>;
  stat(key: string): Promise<{ sizeBytes: number; modifiedMs: number } | null>;
  /** The stream must be read to its end or destroyed; it ends with an error where bytes are missing. */
  open(key: string): Promise<{ stream: Readable; sizeBytes: number } | null>;
  /**
   * The bytes as a file on this machine, not to be written to, until it is released. With `sha256` (hex) a file that
   * has another throws a DamagedFile. Throws NotStored if there is none.
   */
  local(key: string, sha256?: string): Promise<{ path: string; release(): Promise<void> }>;
  /** The MD5 of the bytes in hex, which a bucket knows of most files and a folder must read them for; null if there is none. */
  md5(key: string): Promise<string | null>;
  /** Durable, and replaces what was there. Moved already is fine; throws NotStored when neither is there. */
  move(from: string, to: string): Promise<void>;
  /**
   * What a browser needs to send the file itself: at most maxBytes, under this key, within `minutes`. Of one content
   * type the store takes that alone, and the form names it; of several it checks what they begin with together, like
   * `image/`, and the browser adds the field Content-Type before the file. Null where the store cannot be sent to.
   */
  formFor(
    key: string,
    limits: { maxBytes: number; minutes: number; contentTypes?: readonly string[] },
  ): Promise<UploadForm | null>;
  /** What is absent already is passed over. */
  remove(keys: readonly string[]): Promise<void>;
  /** Room that is left, in bytes; null where nobody knows, or there is no end. */
  freeBytes(): Promise<number | null>;
  /** Everything whose key begins with the prefix ('' for all), in no order. */
  list(prefix: string): AsyncIterable<StoredFile>;
  /** Removes what uploads that broke off left behind and is older than this; gives how many there were. */
  removeAbandoned(olderThanMs: number): Promise<number>;
  close(): Promise<void>;
};

export class TooLarge extends Error {
  override readonly name = 'TooLarge';
}

export class BadKey extends Error {
  override readonly name = 'BadKey';
}

export class NotStored extends Error {
  override readonly name = 'NotStored';
  constructor(key: string) {
    super(`${key} is not in the photo store`);
  }
}

/** What is stored is not what was once sent: only a backup, or the sender, has it. */
export class DamagedFile extends Error {
  override readonly name = 'DamagedFile';
  constructor(key: string) {
    super(`${key} is damaged: its bytes are not those that came.`);
  }
}

/** The store did not do what was asked. The message is for operators and holds no secret; when it is passing, another try may do. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly isForOperator = true;
  readonly isPassing: boolean;
  constructor(message: string, isPassing: boolean) {
    super(message);
    this.isPassing = isPassing;
  }
}

export const MAX_TOGETHER = 64;
const MAX_KEY_CHARACTERS = 500;

export function isKey(key: string): boolean {
  const isPath = /^[a-z0-9_-][a-z0-9._-]*(\/[a-z0-9_-][a-z0-9._-]*)*$/.test(key) && !key.includes('..');
  return isPath && key.length <= MAX_KEY_CHARACTERS;
}

export function checkKey(key: string): void {
  if (!isKey(key)) throw new BadKey(`${JSON.stringify(key)} is not a key`);
}

export function checkPrefix(prefix: string): void {
  if (prefix !== '') checkKey(prefix.replace(/\/$/, ''));
}

/** Passes a body on, and throws TooLarge once it is larger than maxBytes. */
export async function* limited(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  onChunk: (chunk: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) throw new TooLarge(`larger than ${maxBytes} bytes`);
    onChunk(chunk);
    yield chunk;
  }
}
