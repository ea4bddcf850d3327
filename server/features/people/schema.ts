import { z } from 'zod';
import type { AccountId } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import { idOf } from '../../../core/shapes.ts';

const share = z.number().min(0).max(1);
export const personWish = z.strictObject({
  accountId: idOf<AccountId>('an account'),
  x: share.meta({ description: 'From the left edge of the photo as it is shown: 0, to its right: 1' }),
  y: share.meta({ description: 'From the upper edge: 0, to the lower: 1' }),
});
export type PersonWish = z.infer<typeof personWish>;

export const peopleWish = z
  .array(personWish)
  .max(limits.peoplePerPhoto)
  .refine(
    (people) => new Set(people.map(({ accountId }) => accountId)).size === people.length,
    'The same account is named twice on one photo.',
  )
  .meta({ description: 'Who is on the photo' });

/** Jobs: an account is named on a post, or is so no longer. */
export const peopleChanged = {
  name: 'people.changed',
  payload: z.object({ edges: z.array(z.object({ postId: z.string(), accountId: z.string() })) }),
};
