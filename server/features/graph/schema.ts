import { z } from 'zod';
import { accountWithRelationship, pageOf, relationship } from '../../../core/shapes.ts';

export const accountsPage = pageOf(accountWithRelationship);
export const relationshipReply = relationship;

/** Jobs: the edge changed at the follower's side; at the followed one's side. */
export const followChanged = {
  name: 'follow.changed',
  payload: z.object({ accountId: z.string(), targetId: z.string() }),
};
export const followAnswered = {
  name: 'follow.answered',
  payload: z.object({ accountId: z.string(), targetId: z.string() }),
};
