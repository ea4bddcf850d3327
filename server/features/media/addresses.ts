/**
 * Photo addresses: BASE/SHELF/AA/ACCOUNT/MEDIA/TOKEN/NAME.jpg, the same path as the file's key in the store, so that
 * nginx or a CDN can serve it without us. Nobody can guess the token (128 bits), and it changes whenever the renditions
 * are made anew or the shelf changes: what an address shows never changes, and the address on one shelf tells nothing of
 * that on the other.
 *
 * On the public shelf that is all, and caches may keep it. On the private shelf an address also carries when it expires
 * (in 5 to 10 minutes) and a signature that nginx (secure_link) or CloudFront can check. When an account or a post is hidden
 * or opened, the files are moved to the other shelf. Expiries are rounded: the same photo keeps its address for a while.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { AccountId, MediaId } from '../../../core/ids.ts';
import { NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import { maySeePost, seeAccount, type ViewerId } from '../graph/audience.ts';
import type { Shelf } from './schema.ts';
import * as store from './store.ts';

type Keyring = Pick<App, 'addressKey' | 'clock' | 'config' | 'linkSecret' | 'cloudFront'>;
type PhotoFiles = { accountId: AccountId; mediaId: MediaId; revision: number; shelf: Shelf };
export type AddressParts = {
  shelf: 'public' | 'private';
  accountId: string;
  mediaId: MediaId;
  token: string;
  name: string;
};

const STEP_MS = 300_000;
const TOKEN_BYTES = 16;
/** How long a photo that was deleted or hidden, or whose account became private, may still be served by another process than the one that did it. */
const SERVABLE_MS = 5_000;

/** The folder of one photo's renditions, as a key; its URL has the same path, except for photos on the old shelf. */
export function photoFolder(app: Pick<App, 'addressKey'>, photo: PhotoFiles): string {
  if (photo.shelf === 'old') return `photos/${photo.mediaId.slice(-2)}/${photo.mediaId}`;
  return shelfFolder(app, photo.shelf, photo);
}

/** All revisions of one photo on one shelf. */
export function mediaFolder(shelf: 'public' | 'private', accountId: AccountId, mediaId: MediaId): string {
  return `${accountFolder(shelf, accountId)}/${mediaId}`;
}

export function accountFolder(shelf: 'public' | 'private', accountId: AccountId): string {
  return `${shelf}/${accountId.slice(-2)}/${accountId}`;
}

function shelfFolder(
  app: Pick<App, 'addressKey'>,
  shelf: 'public' | 'private',
  photo: Omit<PhotoFiles, 'shelf'>,
): string {
  const token = createHmac('sha256', app.addressKey)
    .update(`${photo.mediaId}/${photo.revision}/${shelf}`)
    .digest('hex')
    .slice(0, TOKEN_BYTES * 2);
  return `${mediaFolder(shelf, photo.accountId, photo.mediaId)}/${token}`;
}

/** A photo that still lies on the old shelf is addressed where it will lie; we find it, and nginx asks us. */
export function photoUrls(
  app: Keyring,
  photo: PhotoFiles & { isPrivate: boolean },
): (name: string) => string {
  const isPublic = photo.shelf !== 'private' && !photo.isPrivate;
  const folder = shelfFolder(app, isPublic ? 'public' : 'private', photo);
  return (name) => {
    const url = `${app.config.mediaUrl || '/media'}/${folder}/${name}.jpg`;
    return isPublic ? url : url + permission(app, photo.accountId, url);
  };
}

/** Avatars are part of the header, which is public also for private accounts, and are never changed, only replaced. */
export function avatarUrl(app: Keyring, accountId: AccountId, avatarId: string, name: string): string {
  const photo = { accountId, mediaId: avatarId as MediaId, revision: 0, shelf: 'public' as const };
  return photoUrls(app, { ...photo, isPrivate: false })(name);
}

function permission(app: Keyring, accountId: AccountId, url: string): string {
  const expiresMs = (Math.floor(app.clock.nowMs() / STEP_MS) + 2) * STEP_MS;
  if (app.cloudFront) return app.cloudFront.permission(accountFolder('private', accountId), expiresMs);
  const expires = String(expiresMs / 1_000);
  return `?e=${expires}&s=${signPath(app.linkSecret, expires, pathOf(url))}`;
}

/**
 * As nginx's secure_link_md5 computes it for "SECRET$secure_link_expires$uri SECRET", which is the only kind that it
 * knows without further modules. A collision of MD5 does not help: nobody else chooses any part of what is hashed.
 */
function signPath(secret: string, expires: string, path: string): string {
  return createHash('md5').update(`${secret}${expires}${path} ${secret}`).digest('base64url');
}

function pathOf(url: string): string {
  return url.startsWith('/') ? url : new URL(url).pathname;
}

/**
 * The key of the file behind an address, and whether everybody may see it. Throws NotFound for an address that was not made by us, has expired, or whose
 * photo this viewer may not see now: he who was unfollowed a moment ago holds a good signature, and still gets nothing.
 */
export async function findPhoto(
  app: App,
  viewer: () => Promise<ViewerId>,
  asked: AddressParts,
  query: { e?: string | undefined; s?: string | undefined },
): Promise<{ key: string; isForAll: boolean }> {
  const found = await findServable(app, asked.mediaId);
  if (!found?.is_live || found.account_id !== asked.accountId) throw new NotFound();
  const photo = {
    accountId: found.account_id,
    mediaId: asked.mediaId,
    revision: found.revision,
    shelf: found.shelf,
  };
  const path = `${shelfFolder(app, asked.shelf, photo)}/${asked.name}.jpg`;
  if (!path.endsWith(`/${asked.token}/${asked.name}.jpg`)) throw new NotFound();
  if (asked.shelf === 'private') refuseBadPermission(app, path, query);
  const isPublic = found.is_avatar || !found.is_private;
  if (asked.shelf === 'public' && !isPublic) throw new NotFound();
  const isForAll = isPublic && found.state === 'published';
  if (!isForAll) await refuseWhoMayNotSee(app, await viewer(), found);
  return { key: `${photoFolder(app, photo)}/${asked.name}.jpg`, isForAll };
}

function refuseBadPermission(
  app: App,
  path: string,
  query: { e?: string | undefined; s?: string | undefined },
): void {
  const { e: expires = '', s: signature = '' } = query;
  const url = `${app.config.mediaUrl || '/media'}/${path}`;
  const right = Buffer.from(signPath(app.linkSecret, expires, pathOf(url)));
  const given = Buffer.from(signature);
  if (given.length !== right.length || !timingSafeEqual(given, right)) throw new NotFound();
  if (Number(expires) * 1_000 < app.clock.nowMs()) throw new NotFound();
}

async function refuseWhoMayNotSee(app: App, viewer: ViewerId, photo: store.Servable): Promise<void> {
  const seen = await seeAccount(app, viewer, photo.account_id);
  if (!maySeePost(viewer, photo, seen ?? undefined)) throw new NotFound();
}

async function findServable(app: App, mediaId: MediaId): Promise<store.Servable | null> {
  const cached = app.cache.get<store.Servable>(servableKey(mediaId));
  if (cached) return cached;
  const servable = await store.selectServable(app.shards, mediaId);
  // One that is about to be published is asked for again.
  if (servable?.state === 'published') app.cache.set(servableKey(mediaId), servable, SERVABLE_MS);
  return servable;
}

export function forgetServable(app: Pick<App, 'cache'>, mediaId: MediaId): void {
  app.cache.delete(servableKey(mediaId));
}

function servableKey(mediaId: MediaId): string {
  return `media:servable:${mediaId}`;
}
