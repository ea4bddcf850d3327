import { z } from 'zod';

/** Jobs: the rest of a spread, behind those of others that have just begun; and another way of spreading. */
export const spreadContinued = {
  name: 'spread.continued',
  payload: z.object({ accountId: z.string(), postId: z.string(), after: z.string() }),
};
export const spreadTurned = {
  name: 'spread.turned',
  payload: z.object({ accountId: z.string(), after: z.string(), turn: z.number() }),
};
