import { z } from 'zod';
import type { ActivityId } from '../../../core/ids.ts';
import { accountCard, accountWithRelationship, idOf, pageOf } from '../../../core/shapes.ts';

export const activityKinds = [
  'liked',
  'commented',
  'followed',
  'follow_requested',
  'follow_accepted',
  'mentioned',
  'replied',
  'comment_liked',
  'tagged',
] as const;

export const activityItem = z
  .object({
    id: z.string(),
    kind: z.enum(activityKinds),
    account: accountWithRelationship.meta({ description: 'Who did it, of several the newest' }),
    others: z
      .array(accountCard)
      .meta({ description: 'Up to two of the others who like the same post or comment' }),
    otherCount: z.number().int().meta({ description: 'How many others there are, those two included' }),
    post: z.object({ id: z.string(), thumbnailUrl: z.string().nullable(), altText: z.string() }).nullable(),
    commentText: z.string().nullable(),
    createdAt: z.string().meta({ format: 'date-time' }),
    isUnread: z.boolean(),
  })
  .meta({ id: 'Activity' });
export const activityPage = pageOf(activityItem);
export const unreadReply = z.object({ count: z.number().int().meta({ description: 'At most 100' }) });
export const seenBody = z.strictObject({
  activityId: idOf<ActivityId>('an activity').meta({ description: 'The newest one that was seen' }),
});
