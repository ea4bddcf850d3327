/**
 * Drafts in the browser's own database, one for each account, so that a reload or a crash loses nothing. The words and the
 * edits are one entry; each file is another, written once, so that typing rewrites no photo.
 */
import { del, delMany, getMany, keys as listKeys, set } from 'idb-keyval';
import { openStore } from './browser-store.ts';
import type { Draft } from './draft.ts';
import { createTurn } from './in-turn.ts';
import type { DraftPhoto } from './upload-queue.ts';

export type DraftStorage = ReturnType<typeof openDraftStorage>;

type Part = 'prepared' | 'larger' | 'file';
type KeptDraft = Omit<Draft, 'photos'> & { photos: Omit<DraftPhoto, Part>[] };

/** What is sent comes first: where room runs out, it is the untouched file that is left out. */
const PARTS: readonly Part[] = ['prepared', 'larger', 'file'];

export function openDraftStorage(accountId: string) {
  const database = openStore('pinhole.drafts');
  const wordsKey = `${accountId}/draft`;
  const keyOf = (photo: { key: string }, part: Part) => `${accountId}/${photo.key}/${part}`;
  const written = new Map<string, Blob>();
  /** What was asked for last is what is kept. */
  const inTurn = createTurn();

  async function readNow(): Promise<Draft | null> {
    const [kept] = await getMany<KeptDraft | undefined>([wordsKey], database);
    if (!kept) return null;
    const names = kept.photos.flatMap((photo) => PARTS.map((part) => keyOf(photo, part)));
    const blobs = await getMany<Blob | undefined>(names, database);
    for (const [at, name] of names.entries()) if (blobs[at]) written.set(name, blobs[at]);
    const photos = kept.photos.flatMap((photo) => {
      const [prepared, larger, file] = PARTS.map((part) => written.get(keyOf(photo, part)) ?? null);
      const sent = file ?? larger ?? prepared;
      return sent ? [{ ...photo, prepared: prepared ?? null, larger: larger ?? null, file: sent }] : [];
    });
    return { ...kept, photos };
  }

  async function writeNow(draft: Draft): Promise<void> {
    const names = new Set([wordsKey]);
    const photos = draft.photos.map(({ prepared, larger, file, ...photo }) => photo);
    const words = { ...draft, photos } satisfies KeptDraft;
    // First, so that another tab sees that there is a draft while its photos are being written.
    await set(wordsKey, words, database);
    for (const photo of draft.photos) {
      for (const part of PARTS) {
        if (photo[part]) names.add(keyOf(photo, part));
        // Without the untouched file nothing is lost but its pixels beyond those that are sent.
        await writePart(photo, part).catch((error) => {
          if (part !== 'file' || photo.prepared === null) throw error;
        });
      }
    }
    await dropOthers(names);
  }

  async function writePart(photo: DraftPhoto, part: Part): Promise<void> {
    const [name, blob] = [keyOf(photo, part), photo[part]];
    if (!blob || written.get(name) === blob) return;
    // Before it is: where there is no room, to try again with every letter makes none.
    written.set(name, blob);
    await set(name, blob, database);
  }

  async function dropOthers(wanted: ReadonlySet<string>): Promise<void> {
    const gone = [...written.keys()].filter((name) => !wanted.has(name));
    for (const name of gone) written.delete(name);
    if (gone.length > 0) await delMany(gone, database);
  }

  async function removeNow(): Promise<void> {
    written.clear();
    // At once, in case the tab is about to go: without its words there is no draft.
    await del(wordsKey, database);
    const names = await listKeys<string>(database);
    await delMany(
      names.filter((name) => name.startsWith(`${accountId}/`)),
      database,
    );
  }

  return {
    /** The draft that was kept, or null. Rejects, as the others do, where the browser keeps nothing. */
    read: () => inTurn(readNow),
    write: (draft: Draft) => inTurn(() => writeNow(draft)),
    remove: () => inTurn(removeNow),
  };
}
