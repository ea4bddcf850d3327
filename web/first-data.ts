/**
 * What the server has drawn a page from: a public one for a visitor who is not signed in, or a member's home page. Sent along
 * with the page, so that the browser takes over what stands there, without asking again.
 */
import type { QueryClient } from '@tanstack/react-query';
import type { CommentCard, PostCard } from '../core/shapes.ts';
import type { Me, Profile } from '../server/features/accounts/schema.ts';
import type { Page } from './api/client.ts';
import { keys } from './api/keys.ts';

export type FirstData =
  | { kind: 'home'; me: Me; feed: Page<PostCard> }
  | { kind: 'post'; post: PostCard; comments: Page<CommentCard> }
  | { kind: 'profile'; profile: Profile; posts: Page<PostCard> | null };

/** The element of the page that holds it. */
export const FIRST_DATA_ID = 'first-data';

export function readFirstData(): FirstData | null {
  const text = document.getElementById(FIRST_DATA_ID)?.textContent;
  return text ? (JSON.parse(text) as FirstData) : null;
}

export function fillCache(client: QueryClient, data: FirstData): void {
  client.setQueryData(keys.me, data.kind === 'home' ? data.me : null);
  client.setQueryData(keys.setup, { needsAdmin: false });
  if (data.kind === 'home') client.setQueryData(keys.feed, firstOf(data.feed));
  else if (data.kind === 'post') {
    client.setQueryData(keys.post(data.post.id), data.post);
    client.setQueryData(keys.comments(data.post.id), firstOf(data.comments));
  } else {
    client.setQueryData(keys.profile(data.profile.handle), data.profile);
    if (data.posts) client.setQueryData(keys.accountPosts(data.profile.id), firstOf(data.posts));
  }
}

function firstOf<Item>(page: Page<Item>) {
  return { pages: [page], pageParams: [null] };
}
