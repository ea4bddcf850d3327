/** The end of a photo: its files, on whatever shelf and of whatever revision, and its row. */
import type { AccountId, AnyId, MediaId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { writeAt } from '../../infra/shards.ts';
import { forgetServable, mediaFolder, photoFolder } from './addresses.ts';
import { photosGone } from './schema.ts';
import { removeScratch } from './scratch.ts';
import * as store from './store.ts';

const SWEEP = 100;
/** What the first version made. */
const OLD_NAMES = ['w2048', 'w1080', 'w640', 'w320', 's320', 's150'];

type Owned = { media_id: MediaId; account_id: AccountId };

/** Idempotent, and after a crash at any point it can go on. */
export async function removeMedia(app: App, media: Owned): Promise<void> {
  await removeAllMedia(app, media.media_id, [media], async () => undefined);
}

export async function dropMedia(app: App, mediaId: MediaId): Promise<void> {
  const media = await store.selectMedia(app.shards, mediaId);
  if (media) await removeMedia(app, media);
}

/**
 * Removes the files, then the rows together with what refers to them, which `removeReferences` does; all on the server of
 * `home`. Then the files once more: a worker may have been writing them.
 */
export async function removeAllMedia(
  app: App,
  home: AnyId,
  media: Owned[],
  removeReferences: (tx: Transaction) => Promise<void>,
): Promise<void> {
  for (const each of media) await removeFiles(app, each);
  await writeAt(app.shards, home, async (tx) => {
    await removeReferences(tx);
    await store.deleteMedia(
      tx,
      media.map((each) => each.media_id),
    );
    await announceGone(
      app,
      tx,
      media.flatMap((each) => [
        mediaFolder('public', each.account_id, each.media_id),
        mediaFolder('private', each.account_id, each.media_id),
      ]),
    );
  });
  for (const each of media) await removeFiles(app, each);
}

async function removeFiles(app: App, { media_id: mediaId, account_id: accountId }: Owned): Promise<void> {
  forgetServable(app, mediaId);
  await removeScratch(app, mediaId);
  await app.storage.remove([
    store.keys.source(mediaId),
    store.keys.incoming(mediaId),
    store.keys.kept(mediaId),
    ...(await listRenditionKeys(app, accountId, mediaId)),
  ]);
}

/** The renditions of one revision. */
export async function removeFolder(app: App, folder: string): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of app.storage.list(`${folder}/`)) keys.push(key);
  await app.storage.remove(keys);
}

/** Of all revisions, on all shelves. */
async function listRenditionKeys(app: App, accountId: AccountId, mediaId: MediaId): Promise<string[]> {
  const keys: string[] = [];
  for (const shelf of ['public', 'private'] as const)
    for await (const { key } of app.storage.list(`${mediaFolder(shelf, accountId, mediaId)}/`))
      keys.push(key);
  const old = photoFolder(app, { accountId, mediaId, revision: 0, shelf: 'old' });
  return [...keys, ...OLD_NAMES.map((name) => `${old}/${name}.jpg`)];
}

/** Tells the cache in front of us, if there is one, what it must forget: folders below the photos' base address. */
export async function announceGone(app: App, tx: Transaction, folders: string[]): Promise<void> {
  if (app.config.purgeUrl && folders.length > 0) await app.queue.enqueue(tx, photosGone, [{ folders }]);
}

/** Photos of the account that belong to no post; for its removal. */
export async function removeLooseMedia(app: App, accountId: AccountId): Promise<void> {
  for (;;) {
    const loose = await writeAt(app.shards, accountId, (tx) => store.selectLooseMedia(tx, accountId, SWEEP));
    if (loose.length === 0) return;
    for (const media of loose) await removeMedia(app, media);
  }
}
