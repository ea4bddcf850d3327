/**
 * Small acts on their way to the server: likes, saves, comments. Each is shown at once, written down, and sent, in the order
 * in which they were done, by one tab at a time; without a network they wait, also over a reload or a closed tab. Of several
 * wishes about one thing the last one counts. A comment carries a key under which the server makes it but once. What was
 * written down is the truth: an entry that is not there any more was sent by another tab.
 */
export type Wish =
  | { kind: 'like' | 'save'; postId: string; isWanted: boolean }
  | { kind: 'comment-like'; postId: string; commentId: string; isWanted: boolean };
export type Words = { kind: 'comment'; postId: string; parentId: string | null; text: string; key: string };
export type Entry = (Wish | Words) & { order: number };

export type OutboxStorage = {
  list: () => Promise<Entry[]>;
  put: (name: string, entry: Entry) => Promise<void>;
  /** Only if it is still this one, and not a later wish under the same name. */
  remove: (name: string, order: number) => Promise<void>;
};

export type OutboxWork = {
  openStorage: (accountId: string) => OutboxStorage;
  /** Runs it when no other tab runs it for this account. */
  alone: (accountId: string, signal: AbortSignal, work: () => Promise<void>) => Promise<void>;
  send: (entry: Entry, signal: AbortSignal) => Promise<unknown>;
  /** How long to wait before another try; null when it will never be taken. */
  pauseMsOf: (error: unknown, tries: number) => number | null;
  pause: (ms: number, signal: AbortSignal) => Promise<void>;
  isSignedOut: (error: unknown) => boolean;
  /** `isAllKept`: also over a reload and a closed tab. */
  onPause: (error: unknown, tries: number, isAllKept: boolean) => void;
  /** `isAwaited`: whoever added it in this tab is told, too. */
  onSent: (entry: Entry, reply: unknown) => void;
  onRefused: (entry: Entry, error: unknown, isAwaited: boolean) => void;
  onSignedOut: (error: unknown) => void;
};

export type Outbox = ReturnType<typeof createOutbox>;

export function createOutbox(work: OutboxWork) {
  let accountId: string | null = null;
  let storage: OutboxStorage | null = null;
  let entries: readonly Entry[] = [];
  let running: AbortController | null = null;
  let isAskedAgain = false;
  let lastOrder = 0;
  let sending: number | null = null;
  /** Taken back while they were being sent. */
  const unwanted = new Map<number, PromiseWithResolvers<boolean>>();
  /** Written down, or on the way to it; the others are in this tab alone. */
  const written = new Map<number, Promise<boolean>>();
  /** What could not be written down of those who are signed out: they wait in this tab. */
  const leftHere = new Map<string, readonly Entry[]>();
  const unkept = new Set<number>();
  const waiters = new Map<number, PromiseWithResolvers<unknown>>();
  const listeners = new Set<() => void>();

  function set(next: readonly Entry[]): void {
    entries = next;
    for (const listener of listeners) listener();
  }

  /** Whose acts are sent: of nobody, when it is null. Those of others stay where they are. */
  function follow(viewerId: string | null): void {
    if (viewerId === accountId) return;
    running?.abort();
    if (accountId) leftHere.set(accountId, entries.filter(isUnkept));
    accountId = viewerId;
    storage = viewerId ? work.openStorage(viewerId) : null;
    written.clear();
    waiters.clear();
    set((viewerId && leftHere.get(viewerId)) || []);
    for (const { order } of entries) written.set(order, Promise.resolve(false));
    if (viewerId) start(viewerId);
  }

  function isUnkept({ order }: Entry): boolean {
    return unkept.has(order);
  }

  /** Resolves with the server's reply, or nothing when it was taken back; rejects with its refusal. With another wish instead, or after a reload, never. */
  function add(act: Wish | Words): Promise<unknown> {
    lastOrder = Math.max(Date.now(), lastOrder + 1);
    const entry: Entry = { ...act, order: lastOrder };
    const name = nameOf(entry);
    set([...entries.filter((other) => nameOf(other) !== name), entry]);
    const waiter = Promise.withResolvers<unknown>();
    waiters.set(entry.order, waiter);
    const into = storage;
    if (into)
      written.set(
        entry.order,
        into.put(name, entry).then(
          () => true,
          () => {
            unkept.add(entry.order);
            return false;
          },
        ),
      );
    if (accountId) start(accountId);
    return waiter.promise;
  }

  function start(owner: string): void {
    isAskedAgain = running !== null;
    if (running) return;
    const controller = new AbortController();
    running = controller;
    const end = () => {
      running = null;
      if (accountId && (isAskedAgain || accountId !== owner)) start(accountId);
    };
    work.alone(owner, controller.signal, () => sendAll(controller.signal)).then(end, end);
  }

  async function sendAll(signal: AbortSignal): Promise<void> {
    for (let tries = 1; ; ) {
      await readAgain();
      const [next] = entries;
      if (signal.aborted || !next) return;
      try {
        sending = next.order;
        const reply = await work.send(next, signal).finally(() => {
          sending = null;
        });
        await settle(next);
        endUnwanted(next, false);
        work.onSent(next, reply);
        waiters.get(next.order)?.resolve(reply);
        tries = 1;
      } catch (error) {
        if (signal.aborted) return;
        if (unwanted.has(next.order)) {
          await drop(next);
          tries = 1;
          continue;
        }
        if (work.isSignedOut(error)) {
          isAskedAgain = false;
          return work.onSignedOut(error);
        }
        const pauseMs = work.pauseMsOf(error, tries);
        if (pauseMs === null) {
          await settle(next);
          work.onRefused(next, error, waiters.has(next.order));
          waiters.get(next.order)?.reject(error);
          tries = 1;
        } else {
          await Promise.all(written.values());
          work.onPause(error, tries, !entries.some(isUnkept));
          set(entries);
          tries++;
          await work.pause(pauseMs, signal);
        }
      }
    }
  }

  /** Gives whether it was taken out: what is just being sent may arrive all the same. */
  async function takeBack(entry: Entry): Promise<boolean> {
    if (sending !== entry.order) {
      await drop(entry);
      return true;
    }
    const outcome = unwanted.get(entry.order) ?? Promise.withResolvers<boolean>();
    unwanted.set(entry.order, outcome);
    return outcome.promise;
  }

  async function drop(entry: Entry): Promise<void> {
    await settle(entry);
    waiters.get(entry.order)?.resolve(undefined);
    endUnwanted(entry, true);
  }

  function endUnwanted({ order }: Entry, isOut: boolean): void {
    unwanted.get(order)?.resolve(isOut);
    unwanted.delete(order);
  }

  /** What is written down, also by other tabs, and what could not be written down here. */
  async function readAgain(): Promise<void> {
    const from = storage;
    const known = entries;
    const isKept = await Promise.all(known.map(({ order }) => written.get(order) ?? true));
    const listed = await from?.list().catch(() => null);
    if (!from || from !== storage) return;
    const own = listed ? known.filter((_, at) => !isKept[at]) : known;
    const later = entries.filter((entry) => !known.includes(entry));
    const names = new Map<string, Entry>();
    for (const entry of [...(listed ?? []), ...own, ...later].sort((a, b) => a.order - b.order))
      names.set(nameOf(entry), entry);
    lastOrder = Math.max(lastOrder, ...[...names.values()].map(({ order }) => order));
    set([...names.values()].sort((a, b) => a.order - b.order));
  }

  async function settle(entry: Entry): Promise<void> {
    await written.get(entry.order);
    await storage?.remove(nameOf(entry), entry.order).catch(() => undefined);
    written.delete(entry.order);
    unkept.delete(entry.order);
    set(entries.filter(({ order }) => order !== entry.order));
  }

  return {
    follow,
    add,
    takeBack,
    read: () => entries,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Two wishes of one name: the later one counts. */
function nameOf(entry: Wish | Words): string {
  return entry.kind === 'comment' ? `comment/${entry.key}` : `${entry.kind}/${subjectOf(entry)}`;
}

/** What it is about: a comment that is liked, else the post. */
export function subjectOf(entry: Wish | Words): string {
  return entry.kind === 'comment-like' ? entry.commentId : entry.postId;
}
