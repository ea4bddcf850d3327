/**
 * The untouched originals of photos that were shared, for members who keep them: sent one after the other, in the
 * background, whatever page is open. They wait in the browser's own database, so that a reload loses none.
 */
import { del, delMany, get, keys as listKeys, set } from 'idb-keyval';
import { keepTrying } from './back-off.ts';
import { openStore } from './browser-store.ts';

/** `uploadId` is that of the photo as it was shared, `ticketId` that of its original, once it was begun to be sent. */
export type Original = { uploadId: string; file: Blob; ticketId: string | null };

type SendOptions = {
  uploadId: string | null;
  originalOf: string;
  signal: AbortSignal;
  onTicket: (begun: { uploadId: string }) => void;
};

export type OriginalsWork = {
  send: (bytes: Blob, options: SendOptions) => Promise<unknown>;
  isPassing: (error: unknown, tries: number) => boolean;
  isSignedOut: (error: unknown) => boolean;
  /** One could not be kept, and will not be tried again. */
  onRefused: (error: unknown) => void;
};

export function createOriginals(work: OriginalsWork) {
  const database = openStore('pinhole.originals');
  let accountId: string | null = null;
  let running: AbortController | null = null;
  let isAskedAgain = false;
  let waiting = 0;
  const listeners = new Set<() => void>();

  function tell(count: number): void {
    waiting = count;
    for (const listener of listeners) listener();
  }

  /** Only those of this account are sent; of nobody, when it is null. */
  function follow(viewerId: string | null): void {
    if (viewerId === accountId) return;
    running?.abort();
    accountId = viewerId;
    tell(0);
    if (viewerId) start(viewerId);
  }

  /** Resolves when they cannot be lost any more. */
  async function add(originals: readonly { uploadId: string; file: Blob }[]): Promise<void> {
    const owner = accountId;
    if (!owner || originals.length === 0) return;
    for (const { uploadId, file } of originals)
      await set(`${owner}/${uploadId}`, { uploadId, file, ticketId: null } satisfies Original, database);
    start(owner);
  }

  function start(owner: string): void {
    isAskedAgain = running !== null;
    if (running) return;
    const controller = new AbortController();
    running = controller;
    const send = () => sendAll(owner, controller.signal);
    // One tab at a time, where the browser has locks; without them the server refuses the second.
    const work = navigator.locks
      ? navigator.locks.request(`pinhole.originals.${owner}`, { signal: controller.signal }, send)
      : send();
    const end = () => {
      running = null;
      if (accountId && (isAskedAgain || accountId !== owner)) start(accountId);
    };
    work.then(end, end);
  }

  async function listNames(owner: string): Promise<string[]> {
    return (await listKeys<string>(database)).filter((name) => name.startsWith(`${owner}/`));
  }

  async function sendAll(owner: string, signal: AbortSignal): Promise<void> {
    for (;;) {
      const names = await listNames(owner);
      if (signal.aborted) return;
      tell(names.length);
      const [name] = names;
      if (!name) return;
      const original = await get<Original>(name, database);
      if (original) await sendOne(name, original, signal);
      await del(name, database);
    }
  }

  async function sendOne(name: string, original: Original, signal: AbortSignal): Promise<void> {
    const { uploadId: originalOf, file } = original;
    let { ticketId } = original;
    const onTicket = (begun: { uploadId: string }) => {
      ticketId = begun.uploadId;
      // Where there is no room for it, what was sent before a reload is sent anew.
      set(name, { ...original, ticketId }, database).catch(() => undefined);
    };
    const attempt = () => work.send(file, { uploadId: ticketId, originalOf, signal, onTicket });
    try {
      await keepTrying(attempt, { signal, isPassing: work.isPassing });
    } catch (error) {
      // They wait for the member to come back.
      if (signal.aborted || work.isSignedOut(error)) throw error;
      work.onRefused(error);
    }
  }

  return {
    follow,
    add,
    /** The member does not keep originals any more. */
    forget: async (owner: string) => await delMany(await listNames(owner), database),
    /** How many are still to be sent. */
    read: () => waiting,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
