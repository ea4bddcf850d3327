import type { AccountId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { job } from '../../infra/queue.ts';
import { tell, untell } from '../activity/activity.ts';
import { mirrorAnswer, mirrorFollow } from './mirror.ts';
import { followAnswered, followChanged } from './schema.ts';

export const jobs = [
  job(followChanged, { concurrency: 2 }, async (app: App, [payload]) => {
    if (!payload) return;
    const followerId = payload.accountId as AccountId;
    const accountId = payload.targetId as AccountId;
    await mirrorFollow(app, followerId, accountId, async (tx, news) => {
      const followed = { accountId, actorId: followerId, kind: 'followed' } as const;
      const requested = { accountId, actorId: followerId, kind: 'follow_requested' } as const;
      if (news === 'accepted') await tell(app, tx, [followed]);
      if (news === 'requested') await tell(app, tx, [requested]);
      if (news === 'gone') await untell(app, tx, [followed, requested]);
    });
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
