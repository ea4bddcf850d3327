/**
 * Whom one could follow: first those whom several of one's own follow, then the liveliest public accounts, then the newest, so
 * that nobody starts with an empty screen. The work is bounded whatever one follows; what depends on privacy is read fresh.
 */
import type { AccountId } from '../../../core/ids.ts';
import { limits } from '../../../core/limits.ts';
import type { App } from '../../infra/app.ts';
import { listNewestAccounts } from '../accounts/accounts.ts';
import { seeAccounts, type Visible } from '../graph/audience.ts';
import { listFollowedBy, listNewestFollows } from '../graph/graph.ts';
import * as store from './store.ts';

export type Suggestion = {
  accountId: AccountId;
  /** Of those whom the viewer follows: up to two, and how many there are. */
  followedBy: { accounts: Visible[]; count: number } | null;
};

/** So many of those whom one follows are asked, and so many follows of each count: the newest. */
const ASKED_MAX = 200;
const EACH_MAX = 200;
/** Of each kind. Some are dropped when the viewer may not see them, or has begun to follow them. */
const CANDIDATES_MAX = 60;
/** Of the newest posts of each server. */
const LIVELY_POSTS = 500;
const LIVELY_KEY = 'explore:lively';
const LIVELY_MS = 60_000;
const NEAR_MS = 60_000;
const RANKED_BYTES = 400;

/** Best first. The viewer himself, whom he follows and whom he has asked are not among them. */
export async function listSuggestions(app: App, viewer: AccountId): Promise<Suggestion[]> {
  const [follows, lively, newest] = await Promise.all([
    listNewestFollows(app, viewer, limits.followingMax),
    listLively(app),
    listNewestAccounts(app, CANDIDATES_MAX),
  ]);
  const known = [viewer, ...follows.map((follow) => follow.target_id)];
  const followed = follows.flatMap(({ state, target_id }) => (state === 'accepted' ? target_id : []));
  const near = await listNear(app, viewer, followed.slice(0, ASKED_MAX), known);
  const isKnown = new Set([...known, ...near.map((each) => each.accountId)]);
  const others = [...new Set([...lively, ...newest])].filter((accountId) => !isKnown.has(accountId));
  return [...near, ...others.map((accountId) => ({ accountId, followedBy: null }))];
}

/** Only of those whose own follows the viewer may see. */
async function listNear(
  app: App,
  viewer: AccountId,
  followed: AccountId[],
  known: AccountId[],
): Promise<Suggestion[]> {
  const seen = await seeAccounts(app, viewer, followed);
  const open = followed.filter((accountId) => seen.get(accountId)?.sees === 'all');
  const isKnown = new Set(known);
  const ranked = await rank(app, viewer, open, known);
  return ranked
    .filter(({ accountId }) => !isKnown.has(accountId))
    .map(({ accountId, by, count }) => ({
      accountId,
      followedBy: { accounts: by.flatMap((each) => seen.get(each) ?? []), count },
    }));
}

type Ranked = Awaited<ReturnType<typeof listFollowedBy>>;

/** Remembered for these very accounts: one that the viewer may not see any more, or follows anew, makes it asked again. */
async function rank(app: App, viewer: AccountId, open: AccountId[], known: AccountId[]): Promise<Ranked> {
  if (open.length === 0) return [];
  const key = `explore:near:${viewer}`;
  const asked = open.join(' ');
  const cached = app.cache.get<{ asked: string; ranked: Ranked }>(key);
  if (cached?.asked === asked) return cached.ranked;
  const ranked = await listFollowedBy(app, open, known, { each: EACH_MAX, limit: CANDIDATES_MAX });
  app.cache.set(key, { asked, ranked }, NEAR_MS, asked.length + ranked.length * RANKED_BYTES);
  return ranked;
}

/** Public accounts whose newest posts have called forth most, over all servers that answer. The same for all who ask. */
async function listLively(app: App): Promise<AccountId[]> {
  const cached = app.cache.get<AccountId[]>(LIVELY_KEY);
  if (cached) return cached;
  const rows = await store.selectLively(app.shards, LIVELY_POSTS, CANDIDATES_MAX);
  const lively = rows
    .sort((a, b) => Number(b.responses) - Number(a.responses))
    .slice(0, CANDIDATES_MAX)
    .map((row) => row.account_id);
  app.cache.set(LIVELY_KEY, lively, LIVELY_MS);
  return lively;
}
