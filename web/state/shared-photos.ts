/** Photos that another app shared to us, from the service worker, which takes them, to the composer. */
import { get, set, update } from 'idb-keyval';
import { openStore } from './browser-store.ts';

type SharedPhotos = { files: Blob[]; text: string };

const KEY = 'waiting';

export async function putSharedPhotos(shared: SharedPhotos): Promise<void> {
  await set(KEY, shared, openDatabase());
}

/** Whoever takes them is the only one. */
export async function takeSharedPhotos(): Promise<SharedPhotos | null> {
  let taken: SharedPhotos | null = null;
  const database = openDatabase();
  if (!(await get<SharedPhotos>(KEY, database))) return null;
  await update<SharedPhotos | null>(
    KEY,
    (waiting) => {
      taken = waiting ?? null;
      return null;
    },
    database,
  );
  return taken;
}

function openDatabase() {
  return openStore('pinhole.shared');
}
