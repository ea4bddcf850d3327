/** The photos of an export: of each the largest rendition, and the original where it was kept. What is lost is named in missing.txt. */
import { Readable } from 'node:stream';
import type { AccountId, MediaId } from '../../../core/ids.ts';
import { NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import { NotStored } from '../../infra/storage/storage.ts';
import type { FileInZip } from '../../infra/zip.ts';
import { getAccount } from '../accounts/accounts.ts';
import { photoFolder } from '../media/addresses.ts';
import { findMedia, openOriginal } from '../media/media.ts';
import type { OwnPost } from './store.ts';

const TRIES = 2;

/** The names that posts.json gives, and photos lie under. The original's has the ending of its format in the ZIP. */
export function pathsOf(post: OwnPost, at: number): { file: string | null; original: string | null } {
  const photo = post.photos[at];
  const name = `${post.post_id}-${at + 1}`;
  return {
    file: photo?.state === 'ready' ? `photos/${name}.jpg` : null,
    original: photo?.has_original ? `originals/${name}` : null,
  };
}

export async function* openPhotos(
  app: App,
  accountId: AccountId,
  posts: AsyncIterable<OwnPost[]>,
): AsyncGenerator<FileInZip> {
  const missing: string[] = [];
  const { avatar_id: avatarId } = await getAccount(app, accountId);
  const avatar = avatarId && (await openRendition(app, avatarId as MediaId));
  if (avatar) yield { name: 'photos/avatar.jpg', stream: avatar, isPacked: true };
  else if (avatarId) missing.push('photos/avatar.jpg');
  for await (const part of posts)
    for (const post of part)
      for (const [at, { media_id: mediaId }] of post.photos.entries()) {
        const { file, original } = pathsOf(post, at);
        const shown = file && (await openRendition(app, mediaId));
        if (shown) yield { name: file, stream: shown, isPacked: true };
        else if (file) missing.push(file);
        const kept = original && (await openKept(app, mediaId));
        if (kept) yield { name: `${original}.${kept.format}`, stream: kept.stream, isPacked: true };
        else if (original) missing.push(original);
      }
  if (missing.length > 0)
    yield { name: 'missing.txt', stream: Readable.from([`${missing.join('\n')}\n`]), isPacked: false };
}

/** The one with the most pixels. Null where its bytes are lost. A photo that was edited or moved just then is looked for again. */
async function openRendition(app: App, mediaId: MediaId): Promise<Readable | null> {
  for (let tries = 0; tries < TRIES; tries++) {
    const media = await findMedia(app, mediaId);
    const [largest] = media?.renditions.toSorted((a, b) => b.width * b.height - a.width * a.height) ?? [];
    if (!media || !largest) return null;
    const folder = photoFolder(app, { ...media, accountId: media.account_id, mediaId });
    const file = await app.storage.open(`${folder}/${largest.name}.jpg`);
    if (file?.sizeBytes === largest.sizeBytes) return file.stream;
    file?.stream.destroy();
  }
  return null;
}

async function openKept(app: App, mediaId: MediaId): Promise<{ stream: Readable; format: string } | null> {
  try {
    return await openOriginal(app, mediaId);
  } catch (error) {
    if (error instanceof NotFound || error instanceof NotStored) return null;
    throw error;
  }
}
