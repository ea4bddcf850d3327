/**
 * Keeps the draft of whoever is signed in: brings it back when it is opened, writes down every change, and hands it over
 * when another tab takes it. No account ever sees the draft of another one.
 */
import { type DraftStore, isEmptyDraft } from './draft.ts';
import type { Claim, claimDraft, Manner } from './draft-claim.ts';
import type { DraftStorage } from './draft-storage.ts';

export type Keeping = {
  state: 'closed' | 'opening' | 'open' | 'elsewhere';
  /** It was there when the page was shown: not all of it is in the member's memory. */
  wasKept: boolean;
  /** False where the browser keeps nothing: leaving the page then loses the draft. */
  isKept: boolean;
};

type Parts = {
  store: DraftStore;
  openStorage: (accountId: string) => DraftStorage;
  claim: typeof claimDraft;
};

/** Between the last letter and its being written down. */
const WRITE_AFTER_MS = 300;
const CLOSED: Keeping = { state: 'closed', wasKept: false, isKept: true };
/** Where locks are there but cannot be had. */
const NO_CLAIM: Claim = { isMine: true, end: () => undefined };

export function createDraftKeeper({ store, openStorage, claim: claimIt }: Parts) {
  let keeping = CLOSED;
  let accountId: string | null = null;
  let storage: DraftStorage | null = null;
  let claim: Claim | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** False where what is kept could not be read: it must not be written over. */
  let mayWrite = true;
  let hasHeld = false;
  const listeners = new Set<() => void>();

  function set(change: Partial<Keeping>): void {
    keeping = { ...keeping, ...change };
    for (const listener of listeners) listener();
  }

  /** To be called whenever the page is shown. */
  async function open(wantedId: string): Promise<void> {
    if (accountId === wantedId && keeping.state === 'opening') return;
    if (accountId === wantedId && keeping.state === 'open') {
      set({ wasKept: !isEmptyDraft(store.read()) });
      return;
    }
    close();
    accountId = wantedId;
    storage = openStorage(wantedId);
    await take(wantedId, storage, 'ask');
  }

  /** From the tab that has it. */
  async function takeOver(): Promise<void> {
    if (keeping.state === 'elsewhere' && accountId && storage) await take(accountId, storage, 'take');
  }

  async function take(wantedId: string, from: DraftStorage, manner: Manner): Promise<void> {
    set({ ...CLOSED, state: manner === 'wait' ? 'elsewhere' : 'opening' });
    claim?.end();
    claim = null;
    const isStale = () => accountId !== wantedId || storage !== from;
    const asked = await claimIt(wantedId, {
      manner,
      onLost: () => !isStale() && putDown(wantedId, from),
      onFree: () => !isStale() && void take(wantedId, from, 'ask'),
    }).catch(() => NO_CLAIM);
    if (isStale()) return asked.end();
    claim = asked;
    const kept = await from
      .read()
      .catch(() => from.read())
      .catch(() => undefined);
    if (isStale() || claim !== asked) return;
    if (asked.isMine) {
      mayWrite = kept !== undefined;
      hasHeld = Boolean(kept && !isEmptyDraft(kept));
      store.restore(kept ?? null);
      set({ state: 'open', wasKept: kept ? !isEmptyDraft(kept) : false, isKept: kept !== undefined });
    } else if (manner === 'ask' && kept === null) {
      // A tab that was only looked at keeps nobody from working.
      await take(wantedId, from, 'take');
    } else {
      set({ state: 'elsewhere' });
    }
  }

  /** Another tab took it: nothing more is sent or written from here until that is closed. */
  function putDown(wantedId: string, from: DraftStorage): void {
    clearTimeout(timer);
    set({ state: 'elsewhere' });
    store.restore(null);
    void take(wantedId, from, 'wait');
  }

  /** Whoever is signed in now: nothing of one account may be sent in the name of another. */
  function follow(viewerId: string | null): void {
    // What only this tab holds waits for the member to sign in again; until then the server takes nothing.
    const waits = viewerId === null && !keeping.isKept;
    if (viewerId !== accountId && !waits) close();
  }

  /** Leaves it as it was kept. */
  function close(): void {
    clearTimeout(timer);
    if (keeping.state === 'open') void write();
    claim?.end();
    claim = null;
    accountId = null;
    set(CLOSED);
    store.restore(null);
  }

  async function write(): Promise<void> {
    const draft = store.read();
    const into = storage;
    if (!into || keeping.state !== 'open' || !mayWrite) return;
    try {
      // One that was never seen here may be another tab's, on its way to the disk.
      if (isEmptyDraft(draft)) {
        if (hasHeld) await into.remove();
      } else {
        hasHeld = true;
        await into.write(draft);
      }
    } catch {
      if (into === storage) set({ isKept: false });
    }
  }

  function writeSoon(): void {
    if (keeping.state !== 'open') return;
    clearTimeout(timer);
    // What was discarded is gone at once.
    if (isEmptyDraft(store.read())) void write();
    else timer = setTimeout(() => void write(), WRITE_AFTER_MS);
  }

  store.subscribe(writeSoon);

  return {
    read: () => keeping,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    open,
    takeOver,
    follow,
    /** Writes down at once what has changed: the tab may be about to go. */
    writeNow: () => {
      clearTimeout(timer);
      void write();
    },
    /** The member has seen that the draft was kept. */
    welcome: () => set({ wasKept: false }),
  };
}
