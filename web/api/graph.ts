import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { AccountCard, AccountWithRelationship, Relationship } from '../../core/shapes.ts';
import { tellTabs } from '../state/tabs.ts';
import { readViewer } from '../state/viewer.ts';
import { filterItems, findRelationship, patchRelationship } from './cache.ts';
import { call } from './client.ts';
import { keys } from './keys.ts';
import { type PagesQuery, usePages } from './pages.ts';

export function useFollowers(accountId: string, isEnabled = true) {
  return usePages<AccountWithRelationship>(keys.followers(accountId), `/accounts/${accountId}/followers`, {
    isEnabled,
  });
}

export function useFollowing(accountId: string, isEnabled = true) {
  return usePages<AccountWithRelationship>(keys.following(accountId), `/accounts/${accountId}/following`, {
    isEnabled,
  });
}

export function useBlocks() {
  return usePages<AccountWithRelationship>(keys.blocks, '/blocks');
}

export function useFollowRequests(isEnabled = true) {
  return usePages<AccountWithRelationship>(keys.requests, '/follow-requests', { isEnabled });
}

export function useFollow(account: AccountCard) {
  const following = account.isPrivate ? 'requested' : 'yes';
  return useRelationshipChange<boolean>(
    account,
    (follow) => call<Relationship>(follow ? 'PUT' : 'DELETE', `/accounts/${account.id}/follow`),
    (before, follow) => ({ ...before, following: follow ? following : 'no' }),
  );
}

export function useBlock(account: AccountCard) {
  return useRelationshipChange<boolean>(
    account,
    (block) => call<Relationship>(block ? 'PUT' : 'DELETE', `/accounts/${account.id}/block`),
    (before, blocked) =>
      blocked ? { ...before, blocked, following: 'no', followsYou: false } : { ...before, blocked },
    () => [['profile'], ['posts'], ['comments'], keys.blocks],
  );
}

export function useRemoveFollower(account: AccountCard) {
  return useRelationshipChange<void>(
    account,
    () => call<Relationship>('DELETE', `/accounts/${account.id}/follower`),
    (before) => ({ ...before, followsYou: false }),
    () => [['accounts', 'followers'], keys.me],
  );
}

export function useAnswerRequest(account: AccountCard) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (accept: boolean) => call<void>(accept ? 'PUT' : 'DELETE', `/follow-requests/${account.id}`),
    onSuccess: (_nothing, accept) => {
      client.setQueryData<PagesQuery<AccountWithRelationship>['data']>(keys.requests, (data) =>
        filterItems(data, (item) => item.id !== account.id),
      );
      if (accept) patchRelationship(client, account.id, (before) => ({ ...before, followsYou: true }));
      void client.invalidateQueries({ queryKey: keys.me });
    },
  });
}

/** Shows what is expected at once, then what the server says, or what was before if it refuses. */
function useRelationshipChange<Wish>(
  account: AccountCard,
  send: (wish: Wish) => Promise<Relationship>,
  expect: (before: Relationship, wish: Wish) => Relationship,
  alsoStale: () => (readonly string[])[] = () => [],
) {
  const client = useQueryClient();
  return useMutation({
    scope: { id: `relationship-${account.id}` },
    mutationFn: send,
    onMutate: (wish) => {
      const before = findRelationship(client, account.id);
      patchRelationship(client, account.id, (relationship) => expect(relationship, wish));
      return before;
    },
    onError: (_error, _wish, before) => {
      if (before) patchRelationship(client, account.id, () => before);
    },
    onSuccess: (relationship) => {
      patchRelationship(client, account.id, () => relationship);
      const accountId = readViewer()?.accountId;
      if (accountId) tellTabs({ kind: 'relationship', accountId, otherId: account.id, relationship });
      // Not fetched at once: lists keep their place under the finger, and are fresh when they are next opened.
      void client.invalidateQueries({ queryKey: keys.feed, refetchType: 'none' });
      void client.invalidateQueries({ queryKey: keys.me });
      for (const queryKey of alsoStale()) void client.invalidateQueries({ queryKey });
    },
  });
}
