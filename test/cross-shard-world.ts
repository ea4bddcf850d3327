/**
 * Two servers, and processes that die between two steps: a process is an App whose databases count its statements, and
 * answer none from the given one on. Jobs are run one by one, by whoever is alive; in an order that chance gives.
 */
import assert from 'node:assert/strict';
import type { AccountId, CommentId, PostId } from '../core/ids.ts';
import { shardOf } from '../core/ids.ts';
import { accountChanged } from '../server/features/accounts/schema.ts';
import * as accounts from '../server/features/accounts/store.ts';
import { postPublished } from '../server/features/posts/schema.ts';
import type { App } from '../server/infra/app.ts';
import { openCache } from '../server/infra/cache.ts';
import type { Database, Row, Transaction } from '../server/infra/database.ts';
import { type ShardServer, type Shards, serverOf, writeAt } from '../server/infra/shards.ts';
import { sql } from '../server/infra/sql.ts';
import { openApp } from '../server/main/app.ts';
import { jobs } from '../server/main/jobs.ts';
import { atEnd } from './closing.ts';
import { openFleetWorld } from './fleet-world.ts';
import type { Person } from './world.ts';

export class Killed extends Error {}
export type Mortal = { app: App; taken(): number; isDead(): boolean };

const JOBS_MAX = 2_000;

/** `members`: of each server, who can act by the API of a process that works. */
export async function openCrossWorld({ members = 0 } = {}) {
  const { fleet, world, accountOn } = await openFleetWorld({ servers: 2 });
  const people: Person[] = [];
  for (let at = 0; at < members; at++)
    for (const name of ['main', 'pg2']) people.push(await accountOn(name, `${name}.member${at}`));
  await world.settled();
  const config = { ...world.app.config };
  const opened = await openApp(config, fleet.connect, fleet.prefix, () => undefined);
  atEnd(opened.close);
  // From here on nobody works on jobs but `drain`.
  await world.app.queue.stop();
  const app = opened.app;
  let made = 0;

  /** A process that dies at the step after `steps` ones. */
  function mortal(steps = Number.POSITIVE_INFINITY): Mortal {
    let taken = 0;
    let isDead = false;
    const step = () => {
      isDead ||= taken >= steps;
      if (isDead) throw new Killed(`at step ${taken + 1}`);
      taken++;
    };
    const mortals = new Map(
      app.shards.servers.map((server) => [server, { ...server, database: counted(server.database, step) }]),
    );
    const shards: Shards = Object.assign(Object.create(app.shards), {
      directory: counted(app.shards.directory, step),
      servers: [...mortals.values()],
      map: app.shards.map.map((server) => mortals.get(server)),
    });
    return { app: { ...app, shards, cache: openCache() }, taken: () => taken, isDead: () => isDead };
  }

  const server = (name: string): ShardServer => {
    const found = app.shards.servers.find((each) => each.name === name);
    assert.ok(found);
    return found;
  };
  const all = async <Shape extends Row>(statement: ReturnType<typeof sql>): Promise<Shape[]> =>
    (await Promise.all(app.shards.servers.map(({ database }) => database.rows<Shape>(statement)))).flat();

  return {
    app,
    fleet,
    world,
    people,
    mortal,
    server,
    /** Rows of both servers. */
    all,
    /** An account without a password on the server of that name. */
    async account(on: string, options: { isPrivate?: boolean } = {}): Promise<AccountId> {
      const logicalShard = app.shards.map.findIndex(({ name }) => name === on);
      const accountId = await accounts.selectNextId<AccountId>(server(on).database, logicalShard);
      const handle = `someone${++made}`;
      const email = `${handle}@example.org`;
      await app.shards.directory.transaction(async (tx) => {
        await accounts.insertHandle(tx, handle, handle, accountId);
        await accounts.insertEmail(tx, email, accountId);
      });
      await writeAt(app.shards, accountId, async (tx) => {
        await accounts.insertAccount(tx, {
          accountId,
          handle,
          name: '',
          email,
          role: 'member',
          passwordHash: 'none',
          language: 'en',
        });
        if (options.isPrivate)
          await tx.rows(sql`update accounts set is_private = true where account_id = ${accountId}`);
        await app.queue.enqueue(tx, accountChanged, [{ accountId }]);
      });
      return accountId;
    },
    handleOf: async (accountId: AccountId): Promise<string> => {
      const rows = await all<{ handle: string }>(
        sql`select handle from accounts where account_id = ${accountId}`,
      );
      return rows[0]?.handle ?? '';
    },
    /** As a post becomes when its last photo is ready, but without photos. */
    post: (by: App, accountId: AccountId, caption = ''): Promise<PostId> =>
      writeAt(by.shards, accountId, async (tx) => {
        const postId = await accounts.selectNextId<PostId>(tx, shardOf(accountId));
        await tx.rows(
          sql`insert into posts (post_id, account_id, caption, state) values (${postId}, ${accountId}, ${caption}, 'published')`,
        );
        await accounts.addToCount(tx, accountId, 'post', 1);
        await by.queue.enqueue(tx, postPublished, [{ postId }]);
        return postId;
      }),
    drain: (by: App, random = () => 0, jobsMax = JOBS_MAX) => drain(by, random, jobsMax),
    commentsOf: (postId: PostId) =>
      serverOf(app.shards, postId).database.rows<{ comment_id: CommentId }>(
        sql`select comment_id from comments where post_id = ${postId} order by comment_id`,
      ),
  };
}

/** Before each statement; and after a commit and a single write, whose answer is then lost. */
function counted(database: Database, step: () => void): Database {
  return {
    ...database,
    async rows<Shape extends Row>(statement: ReturnType<typeof sql>) {
      step();
      const rows = await database.rows<Shape>(statement);
      if (statement.isWrite) step();
      return rows;
    },
    async execute(text, values) {
      step();
      return database.execute(text, values);
    },
    async transaction(work) {
      step();
      const result = await database.transaction(async (tx) => {
        const done = await work(countedTransaction(tx, step));
        step();
        return done;
      });
      step();
      return result;
    },
  };
}

function countedTransaction(tx: Transaction, step: () => void): Transaction {
  return {
    ...tx,
    async rows<Shape extends Row>(statement: ReturnType<typeof sql>) {
      step();
      return tx.rows<Shape>(statement);
    },
    async execute(text, values) {
      step();
      return tx.execute(text, values);
    },
  };
}

type Waiting = { id: string; name: string; data: object };

/** Runs jobs until none waits, whenever they are due; throws what a job throws. A job is done when its row is gone. */
async function drain(app: App, random: () => number, jobsMax: number): Promise<number> {
  for (let done = 0; done < jobsMax; ) {
    let found = 0;
    for (const { database } of app.shards.servers) {
      const waiting = await database.rows<Waiting>(
        sql`select id, name, data from jobs.job where state < 'completed' and name not in ('dead', 'mail.wanted') order by created_on, id limit 20`,
      );
      found += waiting.length;
      const chosen = waiting[Math.floor(random() * waiting.length)];
      if (!chosen) continue;
      await jobs.find(({ name }) => name === chosen.name)?.run(app, [chosen.data]);
      await database.rows(sql`delete from jobs.job where id = ${chosen.id}`);
      done++;
    }
    if (found === 0) return done;
  }
  return jobsMax;
}
