import { z } from 'zod';
import { limits } from '../../../core/limits.ts';
import { accountCard, accountWithRelationship, memberText, pageOf, postCard } from '../../../core/shapes.ts';

export const tagParams = z.strictObject({ tag: memberText(limits.hashtagMax).pipe(z.string().min(1)) });
export const hashtagPage = pageOf(postCard).extend({ tag: z.string(), postCount: z.number().int() });
export const searchQuery = z.strictObject({
  q: memberText(60)
    .pipe(z.string().min(1))
    .meta({ description: 'First letters of a handle, a name or a hashtag' }),
});
export const searchReply = z.object({
  accounts: z.array(accountWithRelationship),
  hashtags: z.array(z.object({ tag: z.string(), postCount: z.number().int() })),
});
const suggestion = accountWithRelationship
  .extend({
    followedBy: z
      .object({ accounts: z.array(accountCard).meta({ description: 'Up to two' }), count: z.number().int() })
      .nullable()
      .meta({ description: 'Who of those whom I follow follows this account' }),
  })
  .meta({ id: 'Suggestion' });
export const suggestionsReply = z.object({ items: z.array(suggestion) });
