/**
 * Photo addresses: /media/ID/NAME.jpg?c=CLASS&e=EXPIRY&s=SIGNATURE, where only we can sign (HMAC-SHA256). Whoever
 * holds one may see the photo until it expires, so the address of a private account's photo lives 5 to 10 minutes.
 * A public one lives a day or two, but is served only as long as the account is public. Expiries are rounded, so
 * that the same photo keeps its address, and caches hit.
 */
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';
import type { MediaId } from '../../../core/ids.ts';
import { NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import * as store from './store.ts';

export type AddressClass = 'public' | 'private';
const STEP_MS = { public: 86_400_000, private: 300_000 };
/** How long a photo that was deleted, or whose account became private, may still be served by this process. */
const SERVABLE_MS = 5_000;

type Photo = { mediaId: string; isPrivate: boolean };

export function photoUrl(app: Pick<App, 'signingKey' | 'clock'>, photo: Photo, name: string): string {
  const addressClass = photo.isPrivate ? 'private' : 'public';
  const step = STEP_MS[addressClass];
  const expiresMs = (Math.floor(app.clock.nowMs() / step) + 2) * step;
  const expiry = (expiresMs / 1_000).toString(36);
  const mark = addressClass === 'public' ? 'p' : 'r';
  return `/media/${photo.mediaId}/${name}.jpg?c=${mark}&e=${expiry}&s=${sign(app.signingKey, photo.mediaId, name, mark, expiry)}`;
}

/** Throws NotFound for an address that was not made by us, has expired, or whose photo is no longer to be seen. */
export async function checkAddress(
  app: App,
  mediaId: MediaId,
  name: string,
  query: { c: string; e: string; s: string },
): Promise<{ addressClass: AddressClass }> {
  const right = Buffer.from(sign(app.signingKey, mediaId, name, query.c, query.e));
  const given = Buffer.from(query.s);
  if (given.length !== right.length || !timingSafeEqual(given, right)) throw new NotFound();
  if (Number.parseInt(query.e, 36) * 1_000 < app.clock.nowMs()) throw new NotFound();
  const servable = await findServable(app, mediaId);
  const addressClass = query.c === 'p' ? 'public' : 'private';
  if (!servable?.is_live) throw new NotFound();
  if (addressClass === 'public' && servable.is_private && !servable.is_avatar) throw new NotFound();
  return { addressClass };
}

type Servable = { is_private: boolean; is_avatar: boolean; is_live: boolean };

async function findServable(app: App, mediaId: MediaId): Promise<Servable | null> {
  const key = `media:servable:${mediaId}`;
  const cached = app.cache.get<Servable>(key);
  if (cached) return cached;
  const servable = await store.selectServable(app.shards, mediaId);
  if (servable) app.cache.set(key, servable, SERVABLE_MS);
  return servable;
}

function sign(key: KeyObject, mediaId: string, name: string, mark: string, expiry: string): string {
  return createHmac('sha256', key)
    .update(`${mediaId}/${name}/${mark}/${expiry}`)
    .digest('base64url')
    .slice(0, 27);
}
