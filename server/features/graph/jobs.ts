import type { AccountId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { job } from '../../infra/queue.ts';
import { tell, untell } from '../activity/activity.ts';
import { mirrorAnswer, mirrorFollow } from './mirror.ts';
import { followAnswered, followChanged } from './schema.ts';

export const jobs = [
  // Fetched together, done one by one: when there are many, to fetch a job costs more than to do it.
  job(followChanged, { batch: 50, concurrency: 2 }, async (app: App, payloads) => {
    for (const { accountId, targetId } of payloads)
      await mirrorAndTell(app, accountId as AccountId, targetId as AccountId);
  }),
  job(followAnswered, { concurrency: 2 }, async (app: App, [payload]) => {
    if (!payload) return;
    const followerId = payload.accountId as AccountId;
    const targetId = payload.targetId as AccountId;
    await mirrorAnswer(app, followerId, targetId, (tx) =>
      tell(app, tx, [{ accountId: followerId, actorId: targetId, kind: 'follow_accepted' }]),
    );
  }),
];

async function mirrorAndTell(app: App, followerId: AccountId, accountId: AccountId): Promise<void> {
  await mirrorFollow(app, followerId, accountId, async (tx, news) => {
    const followed = { accountId, actorId: followerId, kind: 'followed' } as const;
    const requested = { accountId, actorId: followerId, kind: 'follow_requested' } as const;
    if (news === 'accepted') await tell(app, tx, [followed]);
    if (news === 'requested') await tell(app, tx, [requested]);
    if (news === 'gone') await untell(app, tx, [followed, requested]);
  });
}
