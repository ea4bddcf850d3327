/** Acts as the product does them, each one transaction with its job, and how they are found again. */
import { type AccountId, type AnyId, type PostId, shardOf } from '../../../core/ids.ts';
import { addToCount } from '../../features/accounts/accounts.ts';
import { selectNextId } from '../../features/accounts/store.ts';
import { followChanged } from '../../features/graph/schema.ts';
import { insertFollow } from '../../features/graph/store.ts';
import { likeChanged } from '../../features/likes/schema.ts';
import { insertLikes } from '../../features/likes/store.ts';
import { postPublished } from '../../features/posts/schema.ts';
import { insertPost } from '../../features/posts/store.ts';
import type { App } from '../../infra/app.ts';
import type { Transaction } from '../../infra/database.ts';
import { writeAt, writeAtShard } from '../../infra/shards.ts';
import { sql } from '../../infra/sql.ts';

/** Like `like ACCOUNT POST`: names it for ever. */
export type Acted = string;
type Ask = (text: string) => Promise<{ act: string }[]>;

const ACTORS = 8;
/** Shards of actors lie apart. */
const STRIDE = 1_001;

/** They act until they are stopped; what was acknowledged is put into the ledger at that moment. */
export async function startActors(app: App, ledger: Acted[]): Promise<{ stop(): Promise<void> }> {
  let isOver = false;
  const accounts = await Promise.all(
    Array.from({ length: ACTORS }, (_, at) => makeAccount(app, at * STRIDE)),
  );
  const actors = accounts.map(async (accountId) => {
    for (let turn = 0; !isOver; turn++) ledger.push(await act(app, accountId, turn));
  });
  return {
    async stop() {
      isOver = true;
      await Promise.all(actors);
    },
  };
}

function makeAccount(app: App, logicalShard: number): Promise<AccountId> {
  return writeAtShard(app.shards, logicalShard, async (tx) => {
    const accountId = await selectNextId<AccountId>(tx, logicalShard);
    await tx.rows(
      sql`insert into accounts (account_id, handle, email) values (${accountId}, ${`actor${logicalShard}`}, '')`,
    );
    return accountId;
  });
}

function act(app: App, accountId: AccountId, turn: number): Promise<Acted> {
  const kinds = [like, follow, post];
  const kind = kinds[turn % kinds.length] ?? like;
  return writeAt(app.shards, accountId, (tx) => kind(app, tx, accountId));
}

async function like(app: App, tx: Transaction, accountId: AccountId): Promise<Acted> {
  const postId = await elsewhere<PostId>(tx, accountId);
  await insertLikes(tx, [{ accountId, postId }]);
  await app.queue.enqueue(tx, likeChanged, [{ edges: [{ accountId, postId }] }]);
  return `like ${accountId} ${postId}`;
}

async function follow(app: App, tx: Transaction, accountId: AccountId): Promise<Acted> {
  const targetId = await elsewhere<AccountId>(tx, accountId);
  await insertFollow(tx, accountId, targetId, await selectNextId<string>(tx, shardOf(accountId)), 'accepted');
  await app.queue.enqueue(tx, followChanged, [{ accountId, targetId }]);
  await addToCount(tx, accountId, 'following', 1);
  return `follow ${accountId} ${targetId}`;
}

async function post(app: App, tx: Transaction, accountId: AccountId): Promise<Acted> {
  const postId = await selectNextId<PostId>(tx, shardOf(accountId));
  await insertPost(tx, {
    postId,
    accountId,
    caption: 'A post of the drill',
    placeName: null,
    audience: 'everyone',
    takesComments: true,
    hidesLikeCount: false,
    idempotencyKey: null,
    requestHash: Buffer.from(postId),
  });
  await app.queue.enqueue(tx, postPublished, [{ postId }]);
  return `post ${accountId} ${postId}`;
}

/** An ID of another logical shard, which nobody needs to have. */
const elsewhere = <Id extends AnyId>(tx: Transaction, accountId: AccountId) =>
  selectNextId<Id>(tx, (shardOf(accountId) + 1) % 8_192);

const STANDING = `
  select format('like %s %s', account_id, post_id) as act from likes
  union all select format('follow %s %s', account_id, target_id) from follows
  union all select format('post %s %s', account_id, post_id) from posts`;
const OWED = `
  select format('like %s %s', edge ->> 'accountId', edge ->> 'postId') as act
  from jobs.job, jsonb_array_elements(data -> 'edges') as edge where name = 'like.changed'
  union all select case name
    when 'follow.changed' then format('follow %s %s', data ->> 'accountId', data ->> 'targetId')
    else (select format('post %s %s', account_id, post_id) from posts where post_id = (data ->> 'postId')::bigint)
  end from jobs.job where name in ('follow.changed', 'post.published')`;

/** Those that stand, with the job that follows from them. */
export async function findActs(ask: Ask): Promise<Set<Acted>> {
  const [standing, owed] = [await ask(STANDING), new Set((await ask(OWED)).map(({ act }) => act))];
  return new Set(standing.map(({ act }) => act).filter((act) => owed.has(act)));
}

/** Acts without their job, jobs without their act, and accounts whose counter is not the number of their follows. */
export async function countTorn(ask: Ask): Promise<number> {
  const standing = new Set((await ask(STANDING)).map(({ act }) => act));
  const owed = new Set((await ask(OWED)).map(({ act }) => act));
  const wrong = await ask(`
    select account_id::text as act from accounts
    where following_count <> (select count(*) from follows where follows.account_id = accounts.account_id)`);
  return standing.symmetricDifference(owed).size + wrong.length;
}
