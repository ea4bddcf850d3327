/**
 * One thing stands in many lists: a post in the feed, on a profile, under a hashtag. These functions change it in
 * every entry of the query cache at once, so that a like or a follow shows everywhere without a request.
 */
import type { InfiniteData, QueryClient } from '@tanstack/react-query';
import type { AccountWithRelationship, PostCard, Relationship } from '../../core/shapes.ts';
import type { Profile } from '../../server/features/accounts/schema.ts';
import type { Page } from './client.ts';
import { keys } from './keys.ts';
import type { Activity, SearchReply } from './types.ts';

type Pages<Item> = InfiniteData<Page<Item>>;

export function patchPost(client: QueryClient, postId: string, change: (post: PostCard) => PostCard): void {
  const one = (post: PostCard) => (post.id === postId ? change(post) : post);
  const known = client.getQueryData<PostCard>(keys.post(postId));
  const changed = known && change(known);
  if (changed !== known) client.setQueryData(keys.post(postId), changed);
  // A list without it is not drawn anew.
  for (const [key, data] of client.getQueriesData<Pages<PostCard>>({ queryKey: ['posts'] })) {
    const changed = mapItems(data, one);
    if (changed !== data) client.setQueryData(key, changed);
  }
}

export function dropPost(client: QueryClient, postId: string): void {
  dropFromLists(client, postId);
  client.removeQueries({ queryKey: keys.post(postId) });
}

/** A page of its own still shows it. */
export function dropFromLists(client: QueryClient, postId: string): void {
  client.setQueriesData<Pages<PostCard>>({ queryKey: ['posts'] }, (data) =>
    filterItems(data, (post) => post.id !== postId),
  );
}

/** It is not there any more, or not for this viewer. One of his own may have gone into his archive. */
export function dropGone(client: QueryClient, postId: string): void {
  const [, archive] = keys.archivedPosts;
  client.setQueriesData<Pages<PostCard>>(
    { queryKey: ['posts'], predicate: ({ queryKey }) => queryKey[1] !== archive },
    (data) => filterItems(data, (post) => post.id !== postId),
  );
}

export function findPost(client: QueryClient, postId: string): PostCard | undefined {
  for (const [, data] of client.getQueriesData<Pages<PostCard>>({ queryKey: ['posts'] })) {
    const found = data?.pages.flatMap((page) => page.items).find((post) => post.id === postId);
    if (found) return found;
  }
  return undefined;
}

export function patchRelationship(
  client: QueryClient,
  accountId: string,
  change: (relationship: Relationship) => Relationship,
): void {
  const one = (account: AccountWithRelationship): AccountWithRelationship =>
    account.id === accountId ? { ...account, relationship: change(account.relationship) } : account;
  client.setQueriesData<Pages<AccountWithRelationship>>({ queryKey: ['accounts'] }, (data) =>
    mapItems(data, one),
  );
  client.setQueriesData<Pages<Activity>>({ queryKey: keys.activity }, (data) =>
    mapItems(data, (item) => ({ ...item, account: one(item.account) })),
  );
  client.setQueriesData<{ items: AccountWithRelationship[] }>(
    { queryKey: keys.suggestions },
    (data) => data && { items: data.items.map(one) },
  );
  client.setQueriesData<SearchReply>(
    { queryKey: ['search'] },
    (data) => data && { ...data, accounts: data.accounts.map(one) },
  );
  client.setQueriesData<Profile>({ queryKey: ['profile'] }, (profile) =>
    profile?.id === accountId ? withRelationship(profile, change(profile.relationship)) : profile,
  );
}

/** The relationship as some entry of the cache knows it: what an optimistic change is rolled back to. */
export function findRelationship(client: QueryClient, accountId: string): Relationship | undefined {
  let found: Relationship | undefined;
  patchRelationship(client, accountId, (relationship) => {
    found = relationship;
    return relationship;
  });
  return found;
}

/** The same data where nothing is changed. */
export function mapItems<Item>(data: Pages<Item> | undefined, change: (item: Item) => Item) {
  if (!data) return undefined;
  const pages = data.pages.map((page) => {
    const items = page.items.map(change);
    return isSame(items, page.items) ? page : { ...page, items };
  });
  return isSame(pages, data.pages) ? data : { ...data, pages };
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.every((item, at) => item === other[at]);
}

export function filterItems<Item>(data: Pages<Item> | undefined, keep: (item: Item) => boolean) {
  return data && { ...data, pages: data.pages.map((page) => ({ ...page, items: page.items.filter(keep) })) };
}

function withRelationship(profile: Profile, relationship: Relationship): Profile {
  const gained = Number(relationship.following === 'yes') - Number(profile.relationship.following === 'yes');
  return { ...profile, relationship, followerCount: Math.max(0, profile.followerCount + gained) };
}
