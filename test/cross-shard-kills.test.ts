/**
 * Acts between accounts of two servers, with the process killed at each step of the act and of all that follows from it:
 * what is left to be done is done by another process, and then both sides agree.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, CommentId, PostId } from '../core/ids.ts';
import { NotFound } from '../server/errors.ts';
import { beginDeletion, editAccount } from '../server/features/accounts/accounts.ts';
import { likeComment, unlikeComment } from '../server/features/comments/comment-likes.ts';
import { comment, deleteComment } from '../server/features/comments/comments.ts';
import * as graph from '../server/features/graph/graph.ts';
import { like, unlike } from '../server/features/likes/likes.ts';
import { deletePost } from '../server/features/posts/posts.ts';
import type { App } from '../server/infra/app.ts';
import { sql } from '../server/infra/sql.ts';
import { checkAll } from '../server/main/admin/check.ts';
import { jobs } from '../server/main/jobs.ts';
import { mustAgree } from './cross-shard-oracle.ts';
import { Killed, openCrossWorld } from './cross-shard-world.ts';

const world = await openCrossWorld();
const { app, mortal, drain } = world;

type Scene = { a: AccountId; b: AccountId; p: PostId; commentId?: CommentId };
type Scenario = {
  name: string;
  /** b, and whose post p is, are on the other server. */
  isPrivate?: boolean;
  hasPost?: boolean;
  /** What was before, with `now` for the jobs that ran already. */
  before?(by: App, scene: Scene, now: () => Promise<unknown>): Promise<unknown>;
  act(by: App, scene: Scene): Promise<unknown>;
  /** After all, when the act was acknowledged. */
  after?(scene: Scene): Promise<unknown>;
};

const followState = async ({ a, b }: Scene) =>
  (
    await world.all<{ state: string }>(
      sql`select state from follows where account_id = ${a} and target_id = ${b}`,
    )
  )[0]?.state ?? 'none';
const isFollow = (wanted: string) => async (scene: Scene) => assert.equal(await followState(scene), wanted);
const liked =
  (wanted: number) =>
  async ({ a, p }: Scene) =>
    assert.equal(
      (await world.all(sql`select from post_likes where account_id = ${a} and post_id = ${p}`)).length,
      wanted,
    );
const toldOf =
  (kind: string, wanted: number) =>
  async ({ b }: Scene) =>
    assert.equal(
      (await world.all(sql`select from activity where account_id = ${b} and kind = ${kind}`)).length,
      wanted,
    );
/** To try what may be refused. */
const tries = (work: Promise<unknown>) =>
  work.catch((error) => {
    if (!(error instanceof NotFound)) throw error;
  });
/** The oldest of the post. */
const commentOn = async (p: PostId) => (await world.commentsOf(p))[0]?.comment_id as CommentId;
const privately = (isPrivate: boolean) => ({ isPrivate });

const scenarios: Scenario[] = [
  { name: 'follow', act: (by, { a, b }) => graph.follow(by, a, b), after: isFollow('accepted') },
  {
    name: 'ask to follow',
    isPrivate: true,
    act: (by, { a, b }) => graph.follow(by, a, b),
    after: isFollow('requested'),
  },
  {
    name: 'accept',
    isPrivate: true,
    before: async (by, { a, b }, now) => {
      await graph.follow(by, a, b);
      await now();
    },
    act: (by, { a, b }) => graph.acceptRequest(by, b, a),
    after: isFollow('accepted'),
  },
  {
    name: 'decline',
    isPrivate: true,
    before: async (by, { a, b }, now) => {
      await graph.follow(by, a, b);
      await now();
    },
    act: (by, { a, b }) => graph.removeFollower(by, b, a),
    after: isFollow('none'),
  },
  {
    name: 'accept after an unfollow that was not mirrored yet',
    isPrivate: true,
    before: async (by, { a, b }, now) => {
      await graph.follow(by, a, b);
      await now();
      await graph.unfollow(by, a, b);
    },
    act: (by, { a, b }) => tries(graph.acceptRequest(by, b, a)),
    after: isFollow('none'),
  },
  {
    name: 'ask again after an accept that was not mirrored yet',
    isPrivate: true,
    before: async (by, { a, b }, now) => {
      await graph.follow(by, a, b);
      await now();
      await graph.acceptRequest(by, b, a);
      await graph.unfollow(by, a, b);
    },
    act: (by, { a, b }) => graph.follow(by, a, b),
    after: isFollow('requested'),
  },
  {
    name: 'remove a follower',
    before: async (by, { a, b }, now) => {
      await graph.follow(by, a, b);
      await now();
    },
    act: (by, { a, b }) => graph.removeFollower(by, b, a),
    after: isFollow('none'),
  },
  {
    name: 'unfollow',
    before: async (by, { a, b }, now) => {
      await graph.follow(by, a, b);
      await now();
    },
    act: (by, { a, b }) => graph.unfollow(by, a, b),
    after: isFollow('none'),
  },
  {
    name: 'follow again before the unfollow was mirrored',
    before: async (by, { a, b }, now) => {
      await graph.follow(by, a, b);
      await now();
      await graph.unfollow(by, a, b);
    },
    act: (by, { a, b }) => graph.follow(by, a, b),
    after: isFollow('accepted'),
  },
  {
    name: 'block one who follows and is followed',
    before: async (by, { a, b }, now) => {
      await graph.follow(by, a, b);
      await graph.follow(by, b, a);
      await now();
    },
    act: (by, { a, b }) => graph.block(by, b, a),
    after: isFollow('none'),
  },
  {
    name: 'block while the follow is on its way',
    before: (by, { a, b }) => graph.follow(by, a, b),
    act: (by, { a, b }) => graph.block(by, b, a),
    after: isFollow('none'),
  },
  {
    name: 'follow one who blocks',
    before: (by, { a, b }) => graph.block(by, b, a),
    act: (by, { a, b }) => tries(graph.follow(by, a, b)),
    after: isFollow('none'),
  },
  {
    name: 'unblock, and follow',
    before: (by, { a, b }) => graph.block(by, b, a),
    act: async (by, { a, b }) => {
      await graph.unblock(by, b, a);
      await graph.follow(by, a, b);
    },
    after: isFollow('accepted'),
  },
  {
    name: 'go public with a request',
    isPrivate: true,
    before: async (by, { a, b }, now) => {
      await graph.follow(by, a, b);
      await now();
    },
    act: (by, { b }) => editAccount(by, b, privately(false)),
    after: isFollow('accepted'),
  },
  {
    name: 'go private while a follow is on its way',
    hasPost: true,
    before: (by, { a, b }) => graph.follow(by, a, b),
    act: (by, { b }) => editAccount(by, b, privately(true)),
  },
  { name: 'like', hasPost: true, act: (by, { a, p }) => like(by, a, p), after: liked(1) },
  {
    name: 'unlike',
    hasPost: true,
    before: async (by, { a, p }, now) => {
      await like(by, a, p);
      await now();
    },
    act: (by, { a, p }) => unlike(by, a, p),
    after: liked(0),
  },
  {
    name: 'like again before the unlike was mirrored',
    hasPost: true,
    before: async (by, { a, p }, now) => {
      await like(by, a, p);
      await now();
      await unlike(by, a, p);
    },
    act: (by, { a, p }) => like(by, a, p),
    after: liked(1),
  },
  {
    name: 'like a post that is being deleted',
    hasPost: true,
    before: async (by, { a, b, p }) => {
      await like(by, a, p);
      await deletePost(by, b, p);
    },
    act: (by, { a, p }) => tries(like(by, a, p)),
    after: liked(0),
  },
  {
    name: 'comment with a mention',
    hasPost: true,
    act: async (by, { a, b, p }) => comment(by, a, p, `well done @${await world.handleOf(b)}`, null),
    after: toldOf('commented', 1),
  },
  {
    name: 'delete a comment',
    hasPost: true,
    before: async (by, { a, p }, now) => {
      await comment(by, a, p, 'hm', null);
      await now();
    },
    act: async (by, { a, p }) => deleteComment(by, a, await commentOn(p)),
    after: toldOf('commented', 0),
  },
  {
    name: 'answer a comment',
    hasPost: true,
    before: (by, { b, p }) => comment(by, b, p, 'who?', null),
    act: async (by, { a, p }) => comment(by, a, p, 'I', null, await commentOn(p)),
    after: toldOf('replied', 1),
  },
  {
    name: 'like a comment again before the unlike was told',
    hasPost: true,
    before: async (by, { a, b, p }, now) => {
      await comment(by, b, p, 'me', null);
      await likeComment(by, a, await commentOn(p));
      await now();
      await unlikeComment(by, a, await commentOn(p));
    },
    act: async (by, { a, p }) => likeComment(by, a, await commentOn(p)),
    after: toldOf('comment_liked', 1),
  },
  {
    name: 'delete a comment with a reply and a like that were not told yet',
    hasPost: true,
    before: async (by, { a, b, p }) => {
      await comment(by, b, p, 'who?', null);
      await comment(by, a, p, 'I', null, await commentOn(p));
      await likeComment(by, a, await commentOn(p));
    },
    act: async (by, { b, p }) => deleteComment(by, b, await commentOn(p)),
    after: toldOf('replied', 0),
  },
  {
    name: 'comment on a post that is being deleted',
    hasPost: true,
    before: async (by, { a, b, p }) => {
      await comment(by, a, p, 'in time', null);
      await deletePost(by, b, p);
    },
    act: (by, { a, p }) => tries(comment(by, a, p, 'late', null)),
    after: toldOf('commented', 0),
  },
  {
    name: 'post with hashtags and a mention',
    act: async (by, { a, b }) => world.post(by, a, `#pier #sea @${await world.handleOf(b)}`),
    after: toldOf('mentioned', 1),
  },
  {
    name: 'delete a post with likes, comments and hashtags',
    hasPost: true,
    before: async (by, { a, p }, now) => {
      await like(by, a, p);
      await comment(by, a, p, 'oh', null);
      await now();
    },
    act: (by, { b, p }) => deletePost(by, b, p),
    after: liked(0),
  },
  {
    name: 'delete an account that has all of it',
    hasPost: true,
    before: async (by, { a, b, p }, now) => {
      await graph.follow(by, a, b);
      await graph.follow(by, b, a);
      await like(by, a, p);
      await comment(by, a, p, 'bye', null);
      await now();
    },
    act: (by, { a }) => beginDeletion(by, a),
    after: liked(0),
  },
  {
    name: 'follow and like while the account is being deleted',
    hasPost: true,
    before: (by, { b }) => beginDeletion(by, b),
    act: async (by, { a, b, p }) => {
      await tries(graph.follow(by, a, b));
      await tries(like(by, a, p));
    },
    after: isFollow('none'),
  },
];

/** All of them with PINHOLE_KILLS=all; else so many of each scenario, others each time. */
const POINTS_MAX = process.env.PINHOLE_KILLS === 'all' ? Number.POSITIVE_INFINITY : 6;
let points = 0;

/** Killed after so many steps of the act and its jobs; gives how many steps there were. */
async function play(scenario: Scenario, steps: number): Promise<number> {
  const scene: Scene = {
    a: await world.account('main'),
    b: await world.account('pg2', { isPrivate: scenario.isPrivate ?? false }),
    p: '0' as PostId,
  };
  const calm = mortal().app;
  if (scenario.hasPost) scene.p = await world.post(calm, scene.b, 'at the #pier');
  await drain(calm);
  await scenario.before?.(calm, scene, () => drain(calm));
  const victim = mortal(steps);
  let isAcknowledged = false;
  try {
    await scenario.act(victim.app, scene);
    isAcknowledged = true;
    await drain(victim.app);
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
  }
  await drain(mortal().app);
  await mustAgree(app, `killed at step ${steps + 1}`);
  if (isAcknowledged) await scenario.after?.(scene);
  return victim.taken();
}

for (const scenario of scenarios)
  test(`${scenario.name}: killed at any step, both sides agree in the end`, async (context) => {
    const count = await play(scenario, Number.POSITIVE_INFINITY);
    context.diagnostic(`${count} steps`);
    const stride = Math.max(1, count / POINTS_MAX);
    for (let at = Math.random() * (stride - 1); at < count; at += stride) {
      await play(scenario, Math.floor(at));
      points++;
    }
  });

test('a like that is being mirrored while its post is deleted and forgotten is gone in the end', async () => {
  const [a, b] = [await world.account('main'), await world.account('pg2')];
  const post = await world.post(app, b);
  await drain(mortal().app);
  await like(app, a, post);
  const slow = mortal().app;
  for (const { database } of slow.shards.servers) {
    const { transaction } = database;
    database.transaction = (work) =>
      transaction((tx) =>
        work({
          ...tx,
          async rows(statement) {
            if (statement.text.includes('insert into post_likes')) {
              await deletePost(app, b, post);
              await jobs.find(({ name }) => name === 'post.deleted')?.run(app, [{ postId: post }]);
              await world.all(sql`delete from jobs.job where name = 'post.deleted' returning 1`);
            }
            return tx.rows(statement);
          },
        }),
      );
  }
  await assert.rejects(drain(slow), /deleted while/);
  await drain(mortal().app);
  await mustAgree(app, 'in the end');
});

test('check finds nothing after all of them', async () => {
  const lines: string[] = [];
  const left = await checkAll(mortal().app, false, (line) => lines.push(line));
  const wrong = lines.filter((line) => !line.startsWith('✓'));
  assert.equal(left, 0, wrong.slice(0, 10).join('\n'));
  assert.ok(points >= scenarios.length * 3, `only ${points} kill points`);
});
