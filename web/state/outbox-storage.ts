/** The outbox in the browser's own database, each account's under its own names. */
import { promisifyRequest, set, type UseStore } from 'idb-keyval';
import { openStore } from './browser-store.ts';
import type { Entry, OutboxStorage } from './outbox.ts';

let opened: UseStore | null = null;

export function openOutboxStorage(accountId: string): OutboxStorage {
  opened ??= openStore('pinhole.outbox');
  const database = opened;
  const own = IDBKeyRange.bound(`${accountId}/`, `${accountId}0`, false, true);
  return {
    list: () => database('readonly', (store) => promisifyRequest<Entry[]>(store.getAll(own))),
    put: (name, entry) => set(`${accountId}/${name}`, entry, database),
    remove: (name, order) =>
      database('readwrite', (store) => {
        const key = `${accountId}/${name}`;
        const asked = store.get(key) as IDBRequest<Entry | undefined>;
        asked.onsuccess = () => asked.result?.order === order && store.delete(key);
        return promisifyRequest(store.transaction);
      }),
  };
}
