/** A database of this browser's. Where it may not be opened, each use of it rejects: idb-keyval throws at once. */
import { createStore, type UseStore } from 'idb-keyval';

export function openStore(name: string): UseStore {
  const store = createStore(name, 'entries');
  return async (mode, work) => await store(mode, work);
}
