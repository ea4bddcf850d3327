import type { AccountId } from '../../../core/ids.ts';
import { NotFound } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import { job } from '../../infra/queue.ts';
import { privacyChanged } from '../accounts/schema.ts';
import { seeAccounts } from '../graph/audience.ts';
import { acceptRequest, listRequests } from '../graph/graph.ts';
import { listPostIdsOfAccount } from '../posts/posts.ts';
import { indexPost } from './explore.ts';

const NEWEST = '9223372036854775807';
const BATCH = 100;

export const jobs = [
  job(privacyChanged, { concurrency: 1 }, async (app: App, [payload]) => {
    if (!payload) return;
    const accountId = payload.accountId as AccountId;
    const isOpen = (await seeAccounts(app, null, [accountId])).get(accountId)?.sees === 'all';
    if (isOpen) await acceptAll(app, accountId);
    for (let before = NEWEST; ; ) {
      const postIds = await listPostIdsOfAccount(app, accountId, before, BATCH);
      for (const postId of postIds) await indexPost(app, postId);
      const last = postIds.at(-1);
      if (!last) return;
      before = last;
    }
  }),
];

/** Whoever asked to follow a private account follows it when it becomes public. */
async function acceptAll(app: App, accountId: AccountId): Promise<void> {
  for (let waiting = await listRequests(app, accountId, NEWEST, BATCH); waiting.length > 0; ) {
    for (const { account_id } of waiting)
      await acceptRequest(app, accountId, account_id).catch(ignoreAnswered);
    waiting = await listRequests(app, accountId, NEWEST, BATCH);
  }
}

/** A request that was withdrawn or answered meanwhile needs nothing. */
function ignoreAnswered(error: unknown): void {
  if (!(error instanceof NotFound)) throw error;
}
