/** What a member does to share photos, and what the browser keeps of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'node:test';
import type { Page, Request } from 'playwright-core';
import sharp, { type Exif } from 'sharp';
import type { PostCard } from '../../core/shapes.ts';
import { type Person, until, type World } from '../world.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'pinhole-photos-'));
after(() => rm(folder, { recursive: true, force: true }));
export const DEVELOP_MS = 60_000;

/** A file that no compression makes small, so that a cut falls into its middle. */
export async function makePhoto(name: string, width: number, quality = 95, exif?: Exif): Promise<string> {
  const height = Math.round((width * 3) / 4);
  const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
  const drawn = sharp({ create: { width, height, channels: 3, background: '#888', noise } });
  const file = path.join(folder, name);
  await (exif ? drawn.withExif(exif) : drawn).jpeg({ quality }).toFile(file);
  return file;
}

export async function choose(page: Page, files: string | string[]): Promise<void> {
  await page.getByLabel('Photos', { exact: true }).setInputFiles(files);
  await page.getByRole('dialog').getByRole('button', { name: 'Next' }).click();
}

export function received(page: Page, at: number, of: number) {
  return page.getByRole('button', { name: new RegExp(`^Photo ${at} of ${of}, received`) }).waitFor({
    timeout: DEVELOP_MS,
  });
}

export async function share(page: Page, world: World, person?: Person): Promise<PostCard> {
  await page.getByRole('button', { name: 'Share', exact: true }).click();
  await page.waitForURL('**/p/*', { timeout: DEVELOP_MS });
  return await published(world, new URL(page.url()).pathname.split('/').at(-1) ?? '', person);
}

export async function published(world: World, postId: string, person?: Person): Promise<PostCard> {
  return await until(async () => {
    const { body } = await (person ?? { act: world.call }).act('GET', `/posts/${postId}`);
    return body?.state === 'published' ? (body as PostCard) : null;
  }, 'the post is published');
}

/** The requests that carry bytes of photos, added as they are made. */
export function watchBytes(page: Page, requests: Request[] = []): Request[] {
  page.on('request', (request) => {
    const isUpload = /\/uploads\/\d+$/.test(new URL(request.url()).pathname);
    if (isUpload && ['PUT', 'PATCH'].includes(request.method())) requests.push(request);
  });
  return requests;
}

export async function postsOf(world: World, handle: string): Promise<PostCard[]> {
  const person = await world.signsIn(handle);
  return (await person.get(`/accounts/${person.id}/posts`)).items;
}

type Kept = { caption: string; photos: { edits: { frame: { crop: unknown } } }[] };

/** What the browser's database holds of the draft. */
export async function keptCaption(page: Page): Promise<string | null> {
  return await page.evaluate(
    () =>
      new Promise<string | null>((resolve) => {
        const opening = indexedDB.open('pinhole.drafts');
        opening.onsuccess = () => {
          const entries = opening.result.transaction('entries').objectStore('entries');
          const asked = entries.getAll();
          asked.onsuccess = () => {
            const words = (asked.result as Partial<Kept>[]).find((entry) => entry.caption !== undefined);
            opening.result.close();
            resolve(words?.caption ?? null);
          };
        };
      }),
  );
}

/** Crops the first photo of the draft that is kept, as the editor would. */
export async function changeKept(page: Page, crop: unknown): Promise<void> {
  await page.evaluate(
    (wanted) =>
      new Promise<void>((resolve) => {
        const opening = indexedDB.open('pinhole.drafts');
        opening.onsuccess = () => {
          const change = opening.result.transaction('entries', 'readwrite');
          const walk = change.objectStore('entries').openCursor();
          walk.onsuccess = () => {
            const cursor = walk.result;
            if (!cursor) return;
            const kept = cursor.value as Kept;
            if (kept.photos?.[0]) {
              kept.photos[0].edits.frame.crop = wanted;
              cursor.update(kept);
            }
            cursor.continue();
          };
          change.oncomplete = () => {
            opening.result.close();
            resolve();
          };
        };
      }),
    crop,
  );
}
