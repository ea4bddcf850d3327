/** What a live event changes in the query cache. Events may come twice, and after the reply to one's own act. */
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import { isNewer } from '../../core/ids.ts';
import type { PostCard } from '../../core/shapes.ts';
import type { LiveEvent } from '../../server/features/live/schema.ts';
import { dropGone, findPost, patchPost } from '../api/cache.ts';
import type { Page } from '../api/client.ts';
import { dropComment, showComment } from '../api/comments.ts';
import { keys } from '../api/keys.ts';
import { hasWish } from '../api/outbox.ts';
import { setNewPosts } from '../state/new-posts.ts';

type EventOf<Type extends LiveEvent['type']> = Extract<LiveEvent, { type: Type }>['data'];

/** `announced`: posts of whose coming was told, and that the feed does not show yet. */
export function applyEvent(client: QueryClient, event: LiveEvent, announced: Set<string>): void {
  if (event.type === 'activity') showUnread(client, event.data.unread);
  else if (event.type === 'post') showCounts(client, event.data);
  else if (event.type === 'comment') showComment(client, event.data);
  else if (event.type === 'comment-gone') dropComment(client, event.data.postId, event.data.id);
  else if (event.type === 'feed') announce(client, event.data, announced);
  else client.setQueryData(keys.me, null);
}

function showUnread(client: QueryClient, count: number): void {
  client.setQueryData(keys.unread, { count });
  // Its list is fetched when it is next looked at: nothing moves under the finger.
  void client.invalidateQueries({ queryKey: keys.activity, refetchType: 'none' });
}

function showCounts(client: QueryClient, { id, likeCount, commentCount, stale }: EventOf<'post'>): void {
  const known = client.getQueryData<PostCard>(keys.post(id)) ?? findPost(client, id);
  const isCommenting = hasWish('comment', id) || client.isMutating({ mutationKey: ['comments', id] }) > 0;
  // A comment went of whose end nothing was told.
  const isLess = !isCommenting && known && commentCount !== null && commentCount < known.commentCount;
  if (stale || isLess) void client.invalidateQueries({ queryKey: keys.comments(id) });
  if (stale) void client.invalidateQueries({ queryKey: keys.post(id) });
  // Deleted, archived, or not for this viewer any more.
  if (stale && commentCount === null) dropGone(client, id);
  if (!known || commentCount === null) return;
  // While one's own act is under way the screen is ahead of the server.
  const isLiking = hasWish('like', id);
  patchPost(client, id, (post) => {
    const likes = isLiking || likeCount === null ? post.likeCount : likeCount;
    const comments = isCommenting ? post.commentCount : commentCount;
    const isKnown = likes === post.likeCount && comments === post.commentCount;
    return isKnown ? post : { ...post, likeCount: likes, commentCount: comments };
  });
}

function announce(client: QueryClient, { postIds }: EventOf<'feed'>, announced: Set<string>): void {
  const feed = client.getQueryData<InfiniteData<Page<PostCard>>>(keys.feed);
  if (!feed) return;
  const newest = feed.pages[0]?.items[0]?.id;
  for (const postId of postIds) announced.add(postId);
  // The stream looks back some minutes: most of what it tells at first is in the feed already.
  for (const postId of announced) if (newest && !isNewer(postId, newest)) announced.delete(postId);
  setNewPosts(announced.size);
}
