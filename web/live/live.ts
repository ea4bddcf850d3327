/**
 * The connection on which live events come: a stream while the page is looked at, and questions every 20 s where no stream can
 * be had. After each break it goes on where it was: the server first tells what was missed.
 */
import type { ChangesReply, LiveEvent } from '../../server/features/live/schema.ts';
import { ApiError, call } from '../api/client.ts';

type Hear = (event: LiveEvent) => void;
export type Live = { watch(postIds: string[]): void; close(): void };

const TYPES = ['activity', 'feed', 'post', 'comment', 'comment-gone', 'signed-out'] as const;
const WATCHED_MAX = 30;
const WATCH_MS = 800;
const HIDDEN_MS = 30_000;
const FAILURES_MAX = 3;
const RETRY_MS = 1_000;
const POLL_MS = 20_000;
/** So many questions, and a stream is tried again. */
const POLLS = 3;

/** `posts`: those that are watched from the first. */
export function openLive(hear: Hear, posts: string[]): Live {
  const tab = crypto.getRandomValues(new Uint32Array(2)).join('-');
  let cursor = '';
  let wanted = posts.slice(-WATCHED_MAX);
  let watched: string[] = [];
  let source: EventSource | null = null;
  let failures = 0;
  let next: number | undefined;
  let watching: number | undefined;
  let hiding: number | undefined;
  let isPaused = true;
  let asking: AbortController | null = null;

  function stop(): void {
    source?.close();
    source = null;
    asking?.abort();
    clearTimeout(next);
  }

  function pause(): void {
    isPaused = true;
    stop();
  }

  function resume(): void {
    isPaused = false;
    failures = 0;
    connect();
  }

  /** Not all at the same moment when a server was started anew. */
  function later(work: () => void, ms: number): void {
    clearTimeout(next);
    next = window.setTimeout(work, ms * (0.75 + Math.random() / 2));
  }

  function connect(): void {
    stop();
    watched = wanted;
    const query = new URLSearchParams({ tab });
    if (cursor) query.set('after', cursor);
    if (watched.length > 0) query.set('posts', watched.join());
    const opened = new EventSource(`/api/v1/live?${query}`);
    source = opened;
    opened.onopen = () => {
      failures = 0;
    };
    for (const type of TYPES)
      opened.addEventListener(type, (event) => {
        cursor = event.lastEventId;
        take({ type, data: JSON.parse(event.data) } as LiveEvent);
      });
    // The browser would try again for ever in the same way, and after a refusal not at all.
    opened.onerror = () => {
      stop();
      failures++;
      if (failures < FAILURES_MAX) later(connect, RETRY_MS * 2 ** failures);
      else void ask(POLLS);
    };
  }

  /** `left`: so many questions until a stream is tried. */
  async function ask(left: number): Promise<void> {
    watched = wanted;
    asking = new AbortController();
    const { signal } = asking;
    const query = { after: cursor, posts: watched.join() };
    try {
      const changes = await call<ChangesReply>('GET', '/live/changes', { query, signal });
      cursor = changes.next;
      for (const event of changes.events) take(event);
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) take({ type: 'signed-out', data: {} });
      // A cursor from a server whose clock was wrong.
      if (error instanceof ApiError && error.status === 400) cursor = '';
    }
    if (!signal.aborted) later(() => (left > 1 ? void ask(left - 1) : connect()), POLL_MS);
  }

  function take(event: LiveEvent): void {
    if (event.type === 'signed-out') close();
    hear(event);
  }

  function onVisibility(): void {
    clearTimeout(hiding);
    if (document.visibilityState === 'hidden') hiding = window.setTimeout(pause, HIDDEN_MS);
    else if (isPaused) resume();
  }

  function close(): void {
    pause();
    clearTimeout(watching);
    clearTimeout(hiding);
    document.removeEventListener('visibilitychange', onVisibility);
    window.removeEventListener('online', resume);
  }

  document.addEventListener('visibilitychange', onVisibility);
  window.addEventListener('online', resume);
  onVisibility();
  return {
    /** What is watched already goes on being watched: a stream is opened anew only for more. */
    watch(postIds) {
      wanted = postIds.slice(-WATCHED_MAX);
      clearTimeout(watching);
      watching = window.setTimeout(() => {
        if (source && wanted.some((postId) => !watched.includes(postId))) connect();
      }, WATCH_MS);
    },
    close,
  };
}
