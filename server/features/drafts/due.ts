/**
 * Drafts that are to be published at a moment: looked for again and again, by every process that works on jobs. The post is
 * made in the transaction that removes the draft, as it was when it was read: so it is made once, however often and by
 * however many this is run, and wherever it is killed. What cannot be published stays, with the reason, and is not tried again.
 */
import type { DraftId } from '../../../core/ids.ts';
import { Conflict, ExpectedError } from '../../errors.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { ServerDown } from '../../infra/server-down.ts';
import { answering, writeAt } from '../../infra/shards.ts';
import { publish } from '../posts/posts.ts';
import { endDraft, wishOf } from './drafts.ts';
import * as store from './store.ts';

const BATCH = 20;
const START = { publish_at: new Date(0), draft_id: '0' as DraftId };

/** Gives how many were published. What a fault of ours kept from it comes again the next time. */
export async function publishDueDrafts(app: App): Promise<number> {
  const now = new Date(app.clock.nowMs());
  let published = 0;
  for (const { database } of answering(app.shards)) {
    for (let due = await store.selectDue(database, now, START, BATCH); due.length > 0; ) {
      for (const draft of due) if (await publishDue(app, draft)) published++;
      const last = due.at(-1);
      due = last && due.length === BATCH ? await store.selectDue(database, now, last, BATCH) : [];
    }
  }
  return published;
}

/** Changed, put off, published or deleted since it was read: then it is not due, or the next look finds it. */
class Overtaken extends Error {}

async function publishDue(app: App, draft: store.DueRow): Promise<boolean> {
  const { draft_id: draftId, account_id: accountId, version } = draft;
  let isEnded = false;
  const end = async (tx: Transaction) => {
    if (!(await store.selectUnchangedForUpdate(tx, draft))) throw new Overtaken();
    // One that is deleted either sees this post, or is seen here.
    if (!(await store.selectIsActiveForShare(tx, accountId)))
      throw new Conflict('account_gone', 'This account is gone.');
    await endDraft(tx, accountId, draftId);
    isEnded = true;
  };
  try {
    await publish(app, accountId, wishOf(draft.content), `draft:${draftId}:${version}`, end);
    // The member has published the very same with this key himself.
    if (!isEnded) await writeAt(app.shards, draftId, end);
    return true;
  } catch (error) {
    if (error instanceof Overtaken) return false;
    if (isForGood(error)) await noteFailure(app, draft, error);
    else if (!(error instanceof ServerDown))
      app.log.error({ err: error, draftId }, 'a draft that is due could not be published');
    return false;
  }
}

function isForGood(error: unknown): error is ExpectedError {
  return error instanceof ExpectedError && error.status < 500 && error.status !== 429;
}

async function noteFailure(app: App, draft: store.DueRow, error: ExpectedError): Promise<void> {
  await writeAt(app.shards, draft.draft_id, (tx) => store.updateFailed(tx, draft, reasonOf(error)));
}

function reasonOf({ code, message, fields }: ExpectedError): { code: string; message: string } {
  if (code === 'upload_missing')
    return { code: 'draft_photo_missing', message: 'A photo of this draft was not sent to the end.' };
  if (code === 'upload_twice')
    return { code: 'draft_photo_twice', message: 'The same photo is in this draft twice.' };
  if (code.startsWith('upload_'))
    return {
      code: 'draft_photo_gone',
      message: 'A photo of this draft is not there any more. Add it again.',
    };
  // Too many hashtags or mentions: all else was looked at when its time was set.
  if (code === 'invalid') return { code: 'draft_tags', message };
  return { code: (code === 'draft_unfinished' && fields?.[0]?.code) || code, message };
}
