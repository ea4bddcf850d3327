/**
 * Live: what concerns a member who is looking is told to him without being asked for. Each process tells those who are connected
 * to it; what happened it hears from hints (infra/hints.ts), what of it a viewer may be told it reads for each of them
 * (news.ts). docs/decisions/0022 has the reasons.
 */
import type { AccountId, PostId } from '../../../core/ids.ts';
import { Limited, Unavailable } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import { atMost } from '../../infra/at-most.ts';
import { hearHints } from '../../infra/hints.ts';
import { runOutsideRequests } from '../../infra/request-context.ts';
import { catchUp, cursorOf, type Hydrate, readCursorMs, succeeds, watchesOf } from './news.ts';
import { type Hub, look, newDirty, noteHint, type Stream, start } from './rounds.ts';
import type { ChangesReply, LiveEvent } from './schema.ts';

export type Wish = { accountId: AccountId; after: string | null; postIds: PostId[]; tab: string | null };
/** The reader's end. `id`: the cursor. */
export type Line = {
  send(type: string, data: object, id: string): void;
  beat(): void;
  end(): void;
  /** Throws ServerDown where that cannot be known. */
  isSignedIn(): Promise<boolean>;
};
export type Live = {
  /** Throws Limited or Unavailable where there is no room. */
  makeRoom(accountId: AccountId, tab: string | null): void;
  /** Gives what ends it. */
  connect(wish: Wish, line: Line): () => void;
  changes(wish: Omit<Wish, 'tab'>): Promise<ChangesReply>;
  close(): void;
};

const STREAMS_PER_ACCOUNT = 5;
const STREAMS_MAX = 10_000;
const RETRY_SECONDS = 20;
const BEAT_MS = 20_000;
const LOOK_MS = 30_000;
const BEATS_AT_ONCE = 8;
/** Without a cursor: what may have happened since the page was loaded. */
const FIRST_MS = 120_000;

const hubs = new WeakMap<App, Hub>();

export function openLive(app: App, hydrate: Hydrate): Live {
  const hub: Hub = {
    app,
    hydrate,
    streams: new Set(),
    byAccount: new Map(),
    byPost: new Map(),
    dirty: newDirty(),
    gathering: null,
    turn: Promise.resolve(true),
    marks: new Map(),
    announced: new Set(),
  };
  hubs.set(app, hub);
  const stopHearing = hearHints(app, (hint) => noteHint(hub, hint));
  const timers = runOutsideRequests(() => [
    setInterval(() => void beatAll(app), BEAT_MS).unref(),
    setInterval(() => void lookAll(app), LOOK_MS).unref(),
  ]);
  return {
    makeRoom: (accountId, tab) => makeRoom(hub, accountId, tab),
    connect: (wish, line) => runOutsideRequests(() => connect(hub, wish, line)),
    changes: (wish) => runOutsideRequests(() => readChanges(app, hydrate, wish)),
    close() {
      stopHearing();
      for (const timer of timers) clearInterval(timer);
      if (hub.gathering) clearTimeout(hub.gathering);
      for (const stream of hub.streams) stream.end();
    },
  };
}

/** A stream that a tab opens anew takes the place of its last one, of which nobody may know yet that it is dead. */
function makeRoom({ byAccount, streams }: Hub, accountId: AccountId, tab: string | null): void {
  for (const stream of byAccount.get(accountId) ?? []) if (tab !== null && stream.tab === tab) stream.end();
  if ((byAccount.get(accountId)?.size ?? 0) >= STREAMS_PER_ACCOUNT)
    throw new Limited(
      RETRY_SECONDS,
      `${STREAMS_PER_ACCOUNT} streams are open already. Ask for the changes instead.`,
    );
  if (streams.size >= STREAMS_MAX)
    throw new Unavailable(
      'too_many_streams',
      'No more streams are possible here. Ask for the changes instead.',
      RETRY_SECONDS,
    );
}

function connect(hub: Hub, wish: Wish, line: Line): () => void {
  const { app } = hub;
  const afterMs = wish.after === null ? app.clock.nowMs() - FIRST_MS : readCursorMs(app, wish.after);
  const stream: Stream = {
    accountId: wish.accountId,
    tab: wish.tab,
    watches: watchesOf(wish.postIds, afterMs),
    toldMs: afterMs,
    state: 'starting',
    isDisturbed: false,
    tell: (events) => tell(stream, line, events),
    beat: () => beat(stream, line),
    end() {
      if (stream.state === 'ended') return;
      stream.state = 'ended';
      leave(hub, stream);
      line.end();
    },
  };
  enter(hub, stream);
  void start(hub, stream);
  return stream.end;
}

/** A session that has ended is told so, and nothing else any more. */
async function tell(stream: Stream, line: Line, events: LiveEvent[]): Promise<void> {
  if (events.length === 0 || stream.state === 'ended') return;
  const isSignedIn = await knowSignedIn(line);
  // Where that cannot be known, the reader comes again, with the cursor of what he was told before.
  if (!isSignedIn) return endSignedOut(stream, line, isSignedIn === null);
  if ((stream.state as Stream['state']) === 'ended') return;
  for (const { type, data } of events) line.send(type, data, cursorOf(stream.toldMs));
}

/** Null: it cannot be known just now. */
async function knowSignedIn(line: Line): Promise<boolean | null> {
  const asking = line.isSignedIn();
  return (await succeeds(asking)) ? asking : null;
}

function endSignedOut(stream: Stream, line: Line, isUnknown: boolean): void {
  if (!isUnknown && stream.state !== 'ended') line.send('signed-out', {}, cursorOf(stream.toldMs));
  stream.end();
}

async function beat(stream: Stream, line: Line): Promise<void> {
  line.beat();
  if ((await knowSignedIn(line)) === false) endSignedOut(stream, line, false);
}

function enter({ app, streams, byAccount, byPost }: Hub, stream: Stream): void {
  streams.add(stream);
  put(byAccount, stream.accountId, stream);
  for (const postId of stream.watches.keys()) put(byPost, postId, stream);
  app.metrics.setStreams(streams.size);
}

function leave({ app, streams, byAccount, byPost }: Hub, stream: Stream): void {
  streams.delete(stream);
  take(byAccount, stream.accountId, stream);
  for (const postId of stream.watches.keys()) take(byPost, postId, stream);
  app.metrics.setStreams(streams.size);
}

function put<Id>(index: Map<Id, Set<Stream>>, id: Id, stream: Stream): void {
  index.set(id, (index.get(id) ?? new Set()).add(stream));
}

function take<Id>(index: Map<Id, Set<Stream>>, id: Id, stream: Stream): void {
  const streams = index.get(id);
  streams?.delete(stream);
  if (streams?.size === 0) index.delete(id);
}

/** Every 20 s: those whose session has ended are told so. */
export async function beatAll(app: App): Promise<void> {
  const limited = atMost(BEATS_AT_ONCE);
  const streams = [...(hubs.get(app)?.streams ?? [])];
  await Promise.all(streams.map((stream) => limited(() => stream.beat()))).catch((error: unknown) =>
    app.log.error({ err: error }, 'looking at the sessions of streams'),
  );
}

/** Every 30 s: finds what no hint told of. */
export async function lookAll(app: App): Promise<void> {
  const hub = hubs.get(app);
  if (hub)
    await look(hub).catch((error: unknown) => app.log.error({ err: error }, 'looking for live events'));
}

/** For those who cannot keep a stream. `next` goes on only when all was read. */
async function readChanges(app: App, hydrate: Hydrate, wish: Omit<Wish, 'tab'>): Promise<ChangesReply> {
  const startMs = app.clock.nowMs();
  const afterMs = wish.after === null ? startMs - FIRST_MS : readCursorMs(app, wish.after);
  const events: LiveEvent[] = [];
  const watcher = {
    accountId: wish.accountId,
    watches: watchesOf(wish.postIds, afterMs),
    tell: async (some: LiveEvent[]) => void events.push(...some),
  };
  const isWhole = await catchUp(app, hydrate, watcher, afterMs);
  return { events, next: cursorOf(isWhole ? startMs : afterMs) };
}
