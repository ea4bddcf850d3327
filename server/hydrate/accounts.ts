/** Account ids → cards, profiles and lists, of what this viewer may see. */
import type { AccountId } from '../../core/ids.ts';
import type { AccountCard, AccountWithRelationship } from '../../core/shapes.ts';
import { NotFound } from '../errors.ts';
import { getAccount, type Viewer } from '../features/accounts/accounts.ts';
import type { Me, Profile } from '../features/accounts/schema.ts';
import { countUnread } from '../features/activity/activity.ts';
import {
  blocks,
  mustSee,
  seeAccount,
  seeAccounts,
  type ViewerId,
  type Visible,
} from '../features/graph/audience.ts';
import { listBlocks, listRelationships } from '../features/graph/graph.ts';
import { avatarUrl } from '../features/media/addresses.ts';
import type { App } from '../infra/app.ts';

const AVATAR = 's150';
const AVATAR_LARGE = 's512';
const NOBODY = { isSelf: false, following: 'no', followsYou: false, blocked: false } as const;

/** Avatars are part of the header, which is public also for private accounts. */
export function presentCard(app: App, account: Visible): AccountCard {
  return {
    id: account.accountId,
    handle: account.handle,
    name: account.name,
    isPrivate: account.isPrivate,
    avatarUrl: avatarOf(app, account.accountId, account.avatarId, AVATAR),
  };
}

function avatarOf(app: App, accountId: AccountId, avatarId: string | null, name: string): string | null {
  return avatarId ? avatarUrl(app, accountId, avatarId, name) : null;
}

/** Cards in the order of the ids; those that the viewer may not see are left out. */
export async function hydrateAccounts(
  app: App,
  viewer: ViewerId,
  accountIds: AccountId[],
): Promise<AccountWithRelationship[]> {
  const [seen, relationships] = await Promise.all([
    seeAccounts(app, viewer, accountIds),
    listRelationships(app, viewer, accountIds),
  ]);
  return accountIds.flatMap((accountId) => {
    const account = seen.get(accountId);
    return account
      ? [{ ...presentCard(app, account), relationship: relationships.get(accountId) ?? NOBODY }]
      : [];
  });
}

/** Those whom the viewer blocks, whom he otherwise cannot see. */
export async function hydrateBlocked(app: App, viewer: AccountId, before: string, limit: number) {
  const edges = await listBlocks(app, viewer, before, limit);
  // As a stranger sees them: a handle and a name, which the viewer knew when he blocked.
  const seen = await seeAccounts(
    app,
    null,
    edges.map((edge) => edge.account_id),
  );
  const items = edges.flatMap(({ account_id }) => {
    const account = seen.get(account_id);
    return account ? [{ ...presentCard(app, account), relationship: { ...NOBODY, blocked: true } }] : [];
  });
  return { items, edges };
}

/** Throws NotFound; an account that the viewer himself blocks is shown as a bare header, so that he can unblock it. */
export async function hydrateProfile(app: App, viewer: ViewerId, accountId: AccountId): Promise<Profile> {
  if (viewer && (await blocks(app, viewer, accountId))) return presentBlocked(app, accountId);
  const seen = await mustSee(app, viewer, accountId);
  const [account, relationships] = await Promise.all([
    getAccount(app, accountId),
    listRelationships(app, viewer, [accountId]),
  ]);
  return {
    ...presentCard(app, seen),
    bio: account.bio,
    avatarLargeUrl: avatarOf(app, accountId, account.avatar_id, AVATAR_LARGE),
    followerCount: Number(account.follower_count),
    followingCount: Number(account.following_count),
    postCount: Number(account.post_count),
    relationship: relationships.get(accountId) ?? NOBODY,
    canSeePosts: seen.sees === 'all',
  };
}

/** As a stranger sees the header: the viewer knew it when he blocked. */
async function presentBlocked(app: App, accountId: AccountId): Promise<Profile> {
  const account = await seeAccount(app, null, accountId);
  if (!account) throw new NotFound();
  return {
    ...presentCard(app, account),
    bio: '',
    avatarLargeUrl: null,
    followerCount: 0,
    followingCount: 0,
    postCount: 0,
    relationship: { ...NOBODY, blocked: true },
    canSeePosts: false,
  };
}

export async function presentMe(app: App, viewer: Pick<Viewer, 'accountId'>): Promise<Me> {
  const [account, unreadActivity] = await Promise.all([
    getAccount(app, viewer.accountId),
    countUnread(app, viewer.accountId),
  ]);
  return {
    id: account.account_id,
    handle: account.handle,
    name: account.name,
    isPrivate: account.is_private,
    avatarUrl: avatarOf(app, account.account_id, account.avatar_id, AVATAR),
    bio: account.bio,
    email: account.email,
    emailConfirmed: account.email_confirmed_at !== null,
    role: account.role,
    keepsOriginals: account.keeps_originals,
    notifications: {
      likes: account.notifies_likes,
      comments: account.notifies_comments,
      follows: account.notifies_follows,
      mentions: account.notifies_mentions,
    },
    language: account.language,
    firstRun: account.first_run,
    followerCount: Number(account.follower_count),
    followingCount: Number(account.following_count),
    postCount: Number(account.post_count),
    unreadActivity,
  };
}
