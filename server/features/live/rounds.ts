/**
 * Hints are gathered for a moment and then answered together by reading what is true now, so that the work of a process is
 * bounded by its own streams, however much happens. Hints may be lost: every half minute a look at each server, in few statements
 * for all streams together, finds what was not told. Only then the streams' cursor goes on.
 */
import type { AccountId, CommentId, PostId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { atMost } from '../../infra/at-most.ts';
import type { Hint } from '../../infra/hints.ts';
import { runOutsideRequests } from '../../infra/request-context.ts';
import { answering, serverOf } from '../../infra/shards.ts';
import {
  catchUp,
  cursorOf,
  FEED_OVERLAP_MS,
  feedEvents,
  type Hydrate,
  type PostNews,
  readPublished,
  succeeds,
  tellPosts,
  tellUnread,
  type Watcher,
} from './news.ts';
import * as store from './store.ts';

export type Stream = Watcher & {
  tab: string | null;
  /** All that happened before was told. */
  toldMs: number;
  state: 'starting' | 'open' | 'behind' | 'ended';
  /** Something was hinted while it started. */
  isDisturbed: boolean;
  beat(): Promise<void>;
  end(): void;
};
type Dirty = PostNews & { accounts: Set<AccountId>; published: Set<PostId> };
export type Hub = {
  app: App;
  hydrate: Hydrate;
  streams: Set<Stream>;
  byAccount: Map<AccountId, Set<Stream>>;
  byPost: Map<PostId, Set<Stream>>;
  dirty: Dirty;
  gathering: NodeJS.Timeout | null;
  /** One round after the other. */
  turn: Promise<boolean>;
  /** What accounts and watched posts looked like the last time: see store.ts. */
  marks: Map<string, string>;
  announced: Set<PostId>;
};

const GATHER_MS = 300;
const AT_ONCE = 8;
const STARTS_AT_ONCE = 16;
const RECENT_MAX = 500;
const ANNOUNCED_MAX = 5_000;
const PUBLISHED_MAX = 1_000;
const GONE_MAX = 1_000;
const LOOK_MAX = 2_000;

export function newDirty(): Dirty {
  return {
    accounts: new Set(),
    published: new Set(),
    posts: new Set(),
    comments: new Set(),
    gone: new Map(),
  };
}

/** Only what concerns somebody here is kept. */
export function noteHint(hub: Hub, { kind, ids }: Hint): void {
  if (hub.streams.size === 0) return;
  const { dirty } = hub;
  for (const id of ids) {
    if (kind === 'activity' && hub.byAccount.has(id as AccountId)) dirty.accounts.add(id as AccountId);
    else if (kind === 'published' && dirty.published.size < PUBLISHED_MAX) dirty.published.add(id as PostId);
    else if (kind === 'post' || kind === 'comment') notePost(hub, id as PostId, kind === 'comment');
    else if (kind === 'comment-gone') noteGone(hub, id);
  }
  if (isClean(dirty) || hub.gathering) return;
  hub.gathering = runOutsideRequests(() => setTimeout(() => void answerHints(hub), GATHER_MS)).unref();
}

function notePost({ byPost, dirty }: Hub, postId: PostId, hasComments: boolean): void {
  if (!byPost.has(postId)) return;
  dirty.posts.add(postId);
  if (hasComments) dirty.comments.add(postId);
}

function noteGone(hub: Hub, pair: string): void {
  const [postId, commentId] = pair.split(' ') as [PostId, CommentId];
  if (!hub.byPost.has(postId)) return;
  notePost(hub, postId, false);
  const gone = hub.dirty.gone.get(postId) ?? new Set();
  hub.dirty.gone.set(postId, gone);
  if (gone.size < GONE_MAX) gone.add(commentId);
}

function isClean({ accounts, published, posts }: Dirty): boolean {
  return accounts.size + published.size + posts.size === 0;
}

/** False when something could not be read. */
export function answerHints(hub: Hub): Promise<boolean> {
  if (hub.gathering) clearTimeout(hub.gathering);
  hub.gathering = null;
  hub.turn = hub.turn.then(() => answer(hub)).catch((error: unknown) => failed(hub, error));
  return hub.turn;
}

function failed({ app }: Hub, error: unknown): false {
  app.log.error({ err: error }, 'telling live events');
  return false;
}

async function answer(hub: Hub): Promise<boolean> {
  const { app, dirty } = hub;
  hub.dirty = newDirty();
  const limited = atMost(AT_ONCE);
  const accounts = [...dirty.accounts].map((accountId) =>
    limited(() => succeeds(tellUnread(app, open(hub.byAccount.get(accountId))))),
  );
  const watchers = new Set([...dirty.posts].flatMap((postId) => open(hub.byPost.get(postId))));
  const parts = await Promise.all([
    ...accounts,
    succeeds(tellPublished(hub, [...dirty.published])),
    tellPosts(app, hub.hydrate, [...watchers], dirty),
  ]);
  return parts.every(Boolean);
}

/** Whoever starts is told afterwards. */
function open(streams: Iterable<Stream> = []): Stream[] {
  const all = [...streams];
  for (const stream of all) if (stream.state === 'starting') stream.isDisturbed = true;
  return all.filter(({ state }) => state === 'open' || state === 'behind');
}

async function tellPublished(hub: Hub, postIds: PostId[]): Promise<void> {
  if (postIds.length === 0) return;
  const told = await readPublished(hub.app, postIds, [...hub.byAccount.keys()]);
  for (const postId of postIds) {
    hub.announced.add(postId);
    const [oldest] = hub.announced;
    if (hub.announced.size > ANNOUNCED_MAX && oldest) hub.announced.delete(oldest);
  }
  for (const [accountId, mine] of told)
    await Promise.all(open(hub.byAccount.get(accountId)).map((stream) => stream.tell(feedEvents(mine))));
}

// streams that begin ------------------------------------------------------------------------------------------

const startsLimited = atMost(STARTS_AT_ONCE);

/** Tells what was missed; what a server that is down keeps back is told when the next look finds it. */
export async function start(hub: Hub, stream: Stream): Promise<void> {
  await startsLimited(async () => {
    if (stream.state === 'ended') return;
    stream.state = 'starting';
    const startMs = hub.app.clock.nowMs();
    const isWhole = await catchUp(hub.app, hub.hydrate, stream, stream.toldMs);
    if ((stream.state as Stream['state']) === 'ended') return;
    stream.state = isWhole ? 'open' : 'behind';
    if (isWhole) stream.toldMs = startMs;
  }).catch((error: unknown) => {
    failed(hub, error);
    stream.end();
  });
  if (!stream.isDisturbed) return;
  stream.isDisturbed = false;
  noteHint(hub, { kind: 'activity', ids: [stream.accountId] });
  noteHint(hub, { kind: 'comment', ids: [...stream.watches.keys()] });
}

// the look that misses nothing --------------------------------------------------------------------------------

export async function look(hub: Hub): Promise<void> {
  if (hub.streams.size === 0) return;
  const { app } = hub;
  const lookMs = app.clock.nowMs();
  const looked = [...hub.streams].filter(({ state }) => state === 'open');
  const marks = new Map<string, string>();
  const parts = await Promise.all([
    lookAt(app, [...hub.byAccount.keys()], store.selectActivityMarks, ({ account_id, mark }) => {
      marks.set(account_id, mark);
      if (hub.marks.get(account_id) !== mark && hub.byAccount.has(account_id))
        hub.dirty.accounts.add(account_id);
    }),
    lookAt(app, [...hub.byPost.keys()], store.selectPostMarks, ({ post_id, mark }) => {
      marks.set(post_id, mark);
      if (hub.marks.get(post_id) !== mark) notePost(hub, post_id, true);
    }),
    lookForPosts(hub, lookMs),
  ]);
  await Promise.all(
    [...hub.streams].filter(({ state }) => state === 'behind').map((each) => start(hub, each)),
  );
  const isTold = await answerHints(hub);
  hub.marks = isTold ? marks : new Map();
  if (isTold && parts.every(Boolean))
    for (const stream of looked) if (stream.state === 'open') stream.toldMs = lookMs;
}

/** A part after the other, of servers that answer. False when one does not. */
async function lookAt<Id extends AccountId | PostId, Shape>(
  app: App,
  ids: Id[],
  select: (shards: App['shards'], ids: Id[]) => Promise<Shape[]>,
  note: (row: Shape) => void,
): Promise<boolean> {
  const reachable = ids.filter((id) => !serverOf(app.shards, id).database.isDown());
  for (let at = 0; at < reachable.length; at += LOOK_MAX) {
    const reading = select(app.shards, reachable.slice(at, at + LOOK_MAX));
    if (!(await succeeds(reading))) return false;
    for (const row of await reading) note(row);
  }
  return reachable.length === ids.length;
}

/** Hub.dirty may be another by now: what is found is noted there. */
async function lookForPosts(hub: Hub, nowMs: number): Promise<boolean> {
  const { shards } = hub.app;
  const after = cursorOf(nowMs - FEED_OVERLAP_MS);
  const there = answering(shards);
  const found = await Promise.all(
    there.map(async ({ database }) => {
      const reading = store.selectRecentPosts(database, after, RECENT_MAX);
      if (!(await succeeds(reading))) return false;
      for (const postId of await reading) if (!hub.announced.has(postId)) hub.dirty.published.add(postId);
      return true;
    }),
  );
  return found.every(Boolean) && there.length === shards.servers.length;
}
