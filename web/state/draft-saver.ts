/**
 * Keeps the server's copy of the draft equal to this tab's: a moment after each change, one request at a time, each with the
 * version that it changes. What another device has changed meanwhile is not written over: the member decides. A draft of
 * which no photo has arrived is the browser's alone (see draft-keeper.ts).
 */
import type { Draft, DraftStore } from './draft.ts';

export type Saving =
  | { kind: 'idle' }
  | { kind: 'saving' }
  /** It is tried again by itself where that may help, and with the next change. */
  | { kind: 'unsaved'; reason: string }
  /** Another device has changed it. */
  | { kind: 'changed' }
  /** It was shared or deleted elsewhere. */
  | { kind: 'gone' };

type Fault = 'changed' | 'gone' | 'passing' | 'refused';
/** What the server says of its copy. */
type Copy = { id: string; version: number; publishAt: string | null };

export type SavingWork<Remote extends Copy> = {
  /** Whether this tab has the draft. */
  isOpen: () => boolean;
  /** What is saved of a draft, and the uploads that it names; null while there is nothing to save. */
  contentOf: (draft: Draft) => { text: string; uploadIds: string[] } | null;
  create: (text: string, key: string) => Promise<Remote>;
  save: (draftId: string, text: string, version: number) => Promise<Remote>;
  fetch: (draftId: string) => Promise<Remote>;
  remove: (draftId: string) => Promise<void>;
  schedule: (draftId: string, publishAt: string | null) => Promise<Remote>;
  /** With its pictures; those that are here already are taken over from `here`. */
  load: (remote: Remote, here: Draft) => Promise<Draft>;
  faultOf: (error: unknown) => Fault;
  explain: (error: unknown) => string;
};

const SAVE_AFTER_MS = 1_000;
const AGAIN_AFTER_MS = 10_000;
const IDLE: Saving = { kind: 'idle' };

/** The requests that save, one after the other. */
function createSavingLoop<Remote extends Copy>(store: DraftStore, work: SavingWork<Remote>) {
  let saving: Saving = IDLE;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let running: Promise<void> | null = null;
  let isHeld = false;
  let lastError: unknown = null;
  let knownKey = store.read().idempotencyKey;
  /** Drafts that were sent without an answer: the server's copy may be an older one. */
  const unanswered = new Set<string>();
  const discarded = new Set<string>();
  const listeners = new Set<() => void>();

  function set(next: Saving): void {
    saving = next;
    for (const listener of listeners) listener();
  }

  store.subscribe(() => {
    const key = store.read().idempotencyKey;
    if (key !== knownKey) {
      knownKey = key;
      clearTimeout(timer);
      if (saving.kind !== 'idle') set(IDLE);
    }
    saveSoon(SAVE_AFTER_MS);
  });

  function isBehind(draft: Draft): boolean {
    const content = work.contentOf(draft);
    return content !== null && content.text !== draft.saved?.text;
  }

  function isDue(): boolean {
    const isStopped = isHeld || saving.kind === 'changed' || saving.kind === 'gone';
    return !isStopped && work.isOpen() && isBehind(store.read());
  }

  function saveSoon(afterMs: number): void {
    if (!isDue()) return;
    clearTimeout(timer);
    timer = setTimeout(() => void saveNow(), afterMs);
  }

  /** Resolves when the server has all of it, or when it could not be saved. */
  async function saveNow(): Promise<void> {
    clearTimeout(timer);
    running ??= saveAll().finally(() => {
      running = null;
    });
    await running;
  }

  async function saveAll(): Promise<void> {
    while (isDue()) {
      const draft = store.read();
      if (saving.kind !== 'saving') set({ kind: 'saving' });
      try {
        await saveOne(draft);
      } catch (error) {
        if (isSame(draft)) fail(error);
        return;
      }
    }
    if (saving.kind === 'saving') set(IDLE);
  }

  async function saveOne(draft: Draft): Promise<void> {
    const content = work.contentOf(draft);
    if (!content) return;
    const { saved, idempotencyKey: key } = draft;
    const mayBeOlder = !saved && unanswered.has(key);
    if (!saved) unanswered.add(key);
    const { id, version, publishAt } = saved
      ? await work.save(saved.id, content.text, saved.version)
      : await work.create(content.text, key);
    unanswered.delete(key);
    if (discarded.has(key)) await work.remove(id).catch(() => undefined);
    if (!isSame(draft)) return;
    const text = mayBeOlder ? '' : content.text;
    store.noteSaved({ id, version, publishAt, text, uploadIds: content.uploadIds });
  }

  function fail(error: unknown): void {
    lastError = error;
    const fault = work.faultOf(error);
    const isLost = fault === 'changed' || fault === 'gone';
    set(isLost ? { kind: fault } : { kind: 'unsaved', reason: work.explain(error) });
    if (fault === 'passing') saveSoon(AGAIN_AFTER_MS);
  }

  function isSame({ idempotencyKey }: Draft): boolean {
    return store.read().idempotencyKey === idempotencyKey;
  }

  return {
    read: () => saving,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set,
    isBehind: () => isBehind(store.read()),
    isSame,
    saveNow,
    fail,
    lastError: () => lastError,
    /** One that is on its way to the server is removed there when it arrives. */
    noteDiscarded: (key: string) => discarded.add(key),
    /** While it is being published nothing is saved. Resolves when nothing is on its way any more. */
    hold: async () => {
      isHeld = true;
      await running;
    },
    release: () => {
      isHeld = false;
      saveSoon(SAVE_AFTER_MS);
    },
  };
}

export function createDraftSaver<Remote extends Copy>(store: DraftStore, work: SavingWork<Remote>) {
  const { set, isBehind, isSame, saveNow, fail, ...loop } = createSavingLoop(store, work);

  /** When the draft is opened: takes over what another device has changed, unless something was changed here, too. */
  async function check(): Promise<void> {
    const draft = store.read();
    if (!draft.saved || !work.isOpen()) return;
    try {
      const remote = await work.fetch(draft.saved.id);
      const now = store.read();
      if (!isSame(draft) || !now.saved || remote.version <= now.saved.version) return;
      if (isBehind()) set({ kind: 'changed' });
      else await take(remote);
    } catch (error) {
      if (isSame(draft) && work.faultOf(error) === 'gone') set({ kind: 'gone' });
    }
  }

  async function take(remote: Remote): Promise<void> {
    const here = store.read();
    const next = await work.load(remote, here);
    if (isSame(here)) store.restore(next);
    set(IDLE);
  }

  async function takeNewer(): Promise<void> {
    const { saved } = store.read();
    if (saved) await attempt(async () => take(await work.fetch(saved.id)));
  }

  async function keepMine(): Promise<void> {
    const { saved } = store.read();
    if (!saved) return;
    await attempt(async () => {
      const { version, publishAt } = await work.fetch(saved.id);
      store.noteSaved({ ...saved, version, publishAt, text: '' });
      set(IDLE);
      await saveNow();
    });
  }

  async function attempt(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      fail(error);
    }
  }

  /** Puts a draft of the server in the place of this one. Rejects when it cannot be had. */
  async function open(draftId: string): Promise<void> {
    await take(await work.fetch(draftId));
  }

  /** Saves, then has it published by itself, or not any more. Rejects when it cannot be. */
  async function schedule(publishAt: string | null): Promise<void> {
    await saveNow();
    const { saved } = store.read();
    if (!saved || isBehind()) throw loop.lastError();
    const reply = await work.schedule(saved.id, publishAt);
    store.noteSaved({ ...saved, publishAt: reply.publishAt });
  }

  /** The server's copy, too, also one that is on its way. */
  function discard(): void {
    const { saved, idempotencyKey } = store.read();
    loop.noteDiscarded(idempotencyKey);
    if (saved) work.remove(saved.id).catch(() => undefined);
  }

  return {
    read: loop.read,
    subscribe: loop.subscribe,
    hold: loop.hold,
    release: loop.release,
    isBehind,
    saveNow,
    check,
    takeNewer,
    keepMine,
    keepHere: () => {
      store.detach();
      set(IDLE);
    },
    open,
    schedule,
    discard,
    noteGone: () => set({ kind: 'gone' }),
  };
}
