import { z } from 'zod';
import { pageQuery } from '../../../core/shapes.ts';
import { me } from '../accounts/schema.ts';
import { postsPage } from '../posts/schema.ts';

export const homeQuery = pageQuery.omit({ cursor: true });
export const homeReply = z.object({ me, feed: postsPage });

/** Jobs: the rest of a spread, behind those of others that have just begun; and another way of spreading. */
export const spreadContinued = {
  name: 'spread.continued',
  payload: z.object({ accountId: z.string(), postId: z.string(), after: z.string() }),
};
export const spreadTurned = {
  name: 'spread.turned',
  payload: z.object({ accountId: z.string(), after: z.string(), turn: z.number() }),
};
