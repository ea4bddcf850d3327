import { z } from 'zod';
import type { AccountId } from '../../../core/ids.ts';
import { accountWithRelationship, pageOf, relationship } from '../../../core/shapes.ts';

export const accountsPage = pageOf(accountWithRelationship);
export const relationshipReply = relationship;

/** Rows: what "may A see B" depends on at B's side, and B's card. */
export type FactsRow = {
  account_id: AccountId;
  handle: string;
  name: string;
  is_private: boolean;
  avatar_id: string | null;
  is_active: boolean;
  blocks_viewer: boolean;
  follower_state: 'requested' | 'accepted' | 'removed' | null;
};

/** Jobs: the edge changed at the follower's side; at the followed one's side. */
export const followChanged = {
  name: 'follow.changed',
  payload: z.object({ accountId: z.string(), targetId: z.string() }),
};
export const followAnswered = {
  name: 'follow.answered',
  payload: z.object({ accountId: z.string(), targetId: z.string() }),
};
/** Who names the other on photos does so no longer. */
export const blockMade = {
  name: 'block.made',
  payload: z.object({ accountId: z.string(), targetId: z.string() }),
};
/** Whose posts the account's home feed holds is no longer what it was. */
export const homeChanged = { name: 'home.changed', payload: z.object({ accountId: z.string() }) };
