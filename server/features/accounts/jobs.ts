import type { AccountId } from '../../../core/ids.ts';
import type { App } from '../../infra/app.ts';
import { job } from '../../infra/queue.ts';
import { writeAt } from '../../infra/shards.ts';
import { forgetAccount } from '../activity/activity.ts';
import { dropSomeCommentLikes } from '../comments/comment-likes.ts';
import { dropSomeComments } from '../comments/comments.ts';
import { dropDrafts } from '../drafts/drafts.ts';
import { dropSomeTies } from '../graph/graph.ts';
import { dropSomeLikes } from '../likes/likes.ts';
import { dropSomeSaves } from '../likes/saves.ts';
import { removeLooseMedia } from '../media/removal.ts';
import { dropSomeNames } from '../people/people.ts';
import { dropSomePosts } from '../posts/posts.ts';
import { finishDeletion, mirrorAccount } from './accounts.ts';
import { forgetEndedSessions } from './live-sessions.ts';
import { sendLink } from './mail-links.ts';
import { accountChanged, accountDeleted, mailWanted, sessionsEnded } from './schema.ts';

const DELETION_BATCH = 200;
const DELETION_PAUSE_SECONDS = 2;

export const jobs = [
  job(accountChanged, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload) await mirrorAccount(app, payload.accountId as AccountId);
  }),
  job(mailWanted, { concurrency: 2 }, async (app: App, [payload]) => {
    if (payload) await sendLink(app, payload.accountId as AccountId, payload.purpose, payload.language);
  }),
  job(accountDeleted, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload) await continueDeletion(app, payload.accountId as AccountId);
  }),
  job(sessionsEnded, { concurrency: 1 }, async (app: App, [payload]) => {
    if (payload) await forgetEndedSessions(app, payload.hashes);
  }),
];

/** A bounded part of it each time; then the job goes back into the queue, until nothing is left. */
async function continueDeletion(app: App, accountId: AccountId): Promise<void> {
  await dropDrafts(app, accountId);
  const left = [
    await dropSomePosts(app, accountId, DELETION_BATCH),
    await dropSomeTies(app, accountId, DELETION_BATCH),
    await dropSomeLikes(app, accountId, DELETION_BATCH),
    await dropSomeSaves(app, accountId, DELETION_BATCH),
    await dropSomeComments(app, accountId, DELETION_BATCH),
    await dropSomeNames(app, accountId, DELETION_BATCH),
    await dropSomeCommentLikes(app, accountId, DELETION_BATCH),
  ];
  await forgetAccount(app, accountId);
  if (left.some(Boolean)) {
    await writeAt(app.shards, accountId, (tx) =>
      app.queue.enqueue(tx, accountDeleted, [{ accountId }], DELETION_PAUSE_SECONDS),
    );
    return;
  }
  await removeLooseMedia(app, accountId);
  await finishDeletion(app, accountId);
}
