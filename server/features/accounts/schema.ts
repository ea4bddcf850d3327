import { z } from 'zod';
import type { AccountId, SessionId } from '../../../core/ids.ts';
import { languages } from '../../../core/languages.ts';
import { limits } from '../../../core/limits.ts';
import { accountCard, idOf, lookupText, memberText, relationship } from '../../../core/shapes.ts';

const handle = lookupText(64).meta({ description: 'a to z, 0 to 9, dots and underscores', example: 'ann' });
const email = z.string().min(3).max(limits.emailMax).pipe(z.email());
const password = lookupText(limits.passwordMax).min(limits.passwordMin);
const oldPassword = z.string().min(1).max(limits.passwordMax);
const sessionKind = z
  .enum(['web', 'bearer'])
  .default('web')
  .meta({ description: 'web: a cookie is set; bearer: the token is in the reply' });
const deviceName = memberText(100)
  .optional()
  .meta({ description: 'What the list of sessions shows, e.g. the name of a program' });

export const accountIdParams = z.strictObject({ accountId: idOf<AccountId>('an account') });
export const handleParams = z.strictObject({ handle });

export const signUpBody = z.strictObject({
  handle,
  email,
  password,
  name: memberText(limits.nameMax).optional(),
  kind: sessionKind,
  deviceName,
});
export const setupBody = signUpBody.extend({
  code: z.string().min(1).max(64).meta({ description: 'The one-time code that the terminal showed' }),
});
export const setupReply = z.object({ needsAdmin: z.boolean() });
export const signInBody = z.strictObject({
  login: lookupText(limits.emailMax).meta({ description: 'Handle or e-mail address' }),
  password: oldPassword,
  kind: sessionKind,
  deviceName,
});

const firstRun = z.enum(['offered', 'done']);
const notificationChoices = z.object({
  likes: z.boolean(),
  comments: z.boolean(),
  follows: z.boolean(),
  mentions: z.boolean(),
});

export const me = accountCard
  .extend({
    bio: z.string(),
    email: z.string(),
    emailConfirmed: z.boolean(),
    role: z.enum(['member', 'admin']),
    followerCount: z.number().int(),
    followingCount: z.number().int(),
    postCount: z.number().int(),
    keepsOriginals: z.boolean(),
    notifications: notificationChoices.meta({
      description: 'What my activity tells me of. Requests to follow are always told',
    }),
    language: z.enum(languages).nullable().meta({
      description:
        'Of mails to me: as I signed up, until I choose another; null for accounts that are older than this',
    }),
    firstRun: firstRun.nullable().meta({ description: 'How far the first steps of a new member have come' }),
    unreadActivity: z.number().int().meta({ description: 'At most 100' }),
  })
  .meta({ id: 'Me' });
export type Me = z.infer<typeof me>;
export const signedIn = z.object({
  account: me,
  token: z.string().nullable().meta({ description: 'Only for kind: bearer' }),
});

export const profile = accountCard
  .extend({
    bio: z.string(),
    followerCount: z.number().int(),
    followingCount: z.number().int(),
    postCount: z.number().int(),
    avatarLargeUrl: z.string().nullable().meta({ description: 'A 512 px square' }),
    relationship,
    canSeePosts: z
      .boolean()
      .meta({ description: 'false for a private account that the viewer does not follow' }),
  })
  .meta({ id: 'Profile' });
export type Profile = z.infer<typeof profile>;

export const editMeBody = z.strictObject({
  name: memberText(limits.nameMax).optional(),
  bio: memberText(limits.bioMax).optional(),
  isPrivate: z.boolean().optional(),
  keepsOriginals: z.boolean().optional().meta({
    description: 'Whether clients shall also send the untouched files, which only their owner can fetch',
  }),
  notifications: z.strictObject(notificationChoices.partial().shape).optional(),
  language: z.enum(languages).optional(),
  firstRun: firstRun.optional(),
});
export type AccountEdit = z.infer<typeof editMeBody>;
export const changePasswordBody = z.strictObject({ currentPassword: oldPassword, newPassword: password });
export const deleteMeBody = z.strictObject({ password: oldPassword });
export const askResetBody = z.strictObject({ email });
export const resetBody = z.strictObject({ token: z.string().min(10).max(200), password });
export const confirmBody = z.strictObject({ token: z.string().min(10).max(200) });

export const session = z
  .object({
    id: z.string(),
    kind: z.enum(['web', 'bearer']),
    deviceName: z.string(),
    createdAt: z.string(),
    lastUsedAt: z.string(),
    isCurrent: z.boolean(),
  })
  .meta({ id: 'Session' });
export const sessionsReply = z.object({ items: z.array(session) });
export const sessionIdParams = z.strictObject({ sessionId: idOf<SessionId>('a session') });

/** Jobs. */
export const accountChanged = { name: 'account.changed', payload: z.object({ accountId: z.string() }) };
export const mailWanted = {
  name: 'mail.wanted',
  payload: z.object({
    accountId: z.string(),
    purpose: z.enum(['confirm', 'reset']),
    language: z.enum(languages).optional(),
  }),
};
export const privacyChanged = {
  name: 'privacy.changed',
  payload: z.object({ accountId: z.string(), before: z.string().optional() }),
};
/** Those of one post, or all of the account. */
export const photosMisplaced = {
  name: 'photos.misplaced',
  payload: z.object({ accountId: z.string(), postId: z.string().optional() }),
};
export const accountDeleted = { name: 'account.deleted', payload: z.object({ accountId: z.string() }) };
/** `hashes`: of their tokens, base64url. */
export const sessionsEnded = { name: 'sessions.ended', payload: z.object({ hashes: z.array(z.string()) }) };
