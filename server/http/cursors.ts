/** Cursors are opaque and signed: they say where a list goes on, and are good for that list and that viewer alone. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { Invalid } from '../errors.ts';
import type { App } from '../infra/app.ts';

const NEWEST = '9223372036854775807';
const SIGNATURE_BYTES = 9;

/** A list is named by what it lists and for whom. */
export type ListName = readonly (string | null)[];

/** The ID before which the page begins; `start` is that of the first page. Throws Invalid bad_cursor. */
export function readCursor(
  app: App,
  list: ListName,
  cursor: string | undefined,
  start: string = NEWEST,
): string {
  if (cursor === undefined) return start;
  const bytes = Buffer.from(cursor, 'base64url');
  const before = bytes.subarray(SIGNATURE_BYTES).toString('latin1');
  const isOurs =
    bytes.length > SIGNATURE_BYTES &&
    timingSafeEqual(bytes.subarray(0, SIGNATURE_BYTES), sign(app, list, before));
  if (!isOurs || bytes.toString('base64url') !== cursor)
    throw new Invalid('bad_cursor', 'This cursor does not belong to this list. Begin without one.');
  return before;
}

/** null when the page was not full: the list ends there. `last` is the ID of the last row that was read, shown or not. */
export function nextCursor(
  app: App,
  list: ListName,
  read: number,
  limit: number,
  last: string | undefined,
): string | null {
  if (read < limit || last === undefined) return null;
  return Buffer.concat([sign(app, list, last), Buffer.from(last, 'latin1')]).toString('base64url');
}

function sign(app: App, list: ListName, before: string): Buffer {
  return createHmac('sha256', app.signingKey)
    .update(JSON.stringify(['cursor', ...list, before]))
    .digest()
    .subarray(0, SIGNATURE_BYTES);
}
