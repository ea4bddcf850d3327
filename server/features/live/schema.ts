import { z } from 'zod';
import { isPossibleId, type PostId } from '../../../core/ids.ts';
import { commentCard, idOf } from '../../../core/shapes.ts';

export const WATCHED_MAX = 30;

const cursor = idOf<string>('an event').meta({
  description: 'The `id` of the last event that came, or `next`: what was missed since is told first',
});
const watched = z
  .string()
  .max(WATCHED_MAX * 21)
  .transform((text) => [...new Set(text.split(',').filter(Boolean))])
  .refine(
    (ids) => ids.length <= WATCHED_MAX && ids.every((id) => isPossibleId(id, Date.now())),
    `Name at most ${WATCHED_MAX} posts by their IDs, separated by commas.`,
  )
  .transform((ids) => ids as PostId[])
  .meta({ description: `IDs of up to ${WATCHED_MAX} posts on the screen, separated by commas` });

export const changesQuery = z.strictObject({ after: cursor.optional(), posts: watched.optional() });
export const liveQuery = changesQuery.extend({
  tab: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,40}$/)
    .optional()
    .meta({ description: 'Chosen by the client: its next stream with the same one takes the place of this' }),
});
export const liveHeaders = z.object({ 'last-event-id': cursor.optional() });

export const liveEvent = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('activity'),
      data: z.object({ unread: z.number().int().meta({ description: 'At most 100' }) }),
    }),
    z.object({
      type: z.literal('feed'),
      data: z.object({
        count: z.number().int(),
        postIds: z
          .array(z.string())
          .meta({ description: 'New posts of those whom I follow, newest first, at most 20' }),
      }),
    }),
    z.object({
      type: z.literal('post'),
      data: z.object({
        id: z.string(),
        likeCount: z.number().int().nullable(),
        commentCount: z.number().int().nullable(),
        stale: z
          .boolean()
          .optional()
          .meta({ description: 'More has changed than is told: ask for the post and its comments again' }),
      }),
    }),
    z.object({ type: z.literal('comment'), data: commentCard }),
    z.object({ type: z.literal('comment-gone'), data: z.object({ id: z.string(), postId: z.string() }) }),
    z.object({ type: z.literal('signed-out'), data: z.object({}) }),
  ])
  .meta({ id: 'LiveEvent' });
export type LiveEvent = z.infer<typeof liveEvent>;

export const changesReply = z.object({
  events: z.array(liveEvent),
  next: z.string().meta({ description: 'Send it as `after` the next time' }),
});
export type ChangesReply = z.infer<typeof changesReply>;
