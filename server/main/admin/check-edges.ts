/** Follows and likes: each edge at its source has its mirror, and no mirror is without its source. Mended by the same jobs that mirror them. */
import type { AccountId, AnyId, PostId } from '../../../core/ids.ts';
import { followAnswered, followChanged } from '../../features/graph/schema.ts';
import { likeChanged } from '../../features/likes/schema.ts';
import type { App } from '../../infra/app.ts';
import type { Database, Row } from '../../infra/database.ts';
import { readEach, writeAt } from '../../infra/shards.ts';
import { type Statement, sql } from '../../infra/sql.ts';
import type { Check, Difference } from './check.ts';

const BATCH = 1_000;
type Edge = { from_id: AccountId; to_id: AnyId; mark: string };

export const checkFollows: Check = {
  name: 'follows and their mirrors',
  find: (app) =>
    compareEdges(app, {
      sources: (after) => sql`
        select account_id as from_id, target_id as to_id, follow_id || ' ' || state as mark from follows
        where (account_id, target_id) > (${after.from_id}, ${after.to_id}) order by account_id, target_id limit ${BATCH}`,
      mirrors: (after) => sql`
        select follower_id as from_id, account_id as to_id, follow_id || ' ' || state as mark from followers
        where (account_id, follower_id) > (${after.to_id}, ${after.from_id}) order by account_id, follower_id limit ${BATCH}`,
      mirrorsOf: (edges) => sql`
        select follower_id as from_id, account_id as to_id, follow_id || ' ' || state as mark from followers
        join unnest(${edges.map((edge) => edge.from_id)}::bigint[], ${edges.map((edge) => edge.to_id)}::bigint[]) as edge (from_id, to_id)
          on account_id = edge.to_id and follower_id = edge.from_id`,
      sourcesOf: (edges) => sql`
        select account_id as from_id, target_id as to_id, follow_id || ' ' || state as mark from follows
        join unnest(${edges.map((edge) => edge.from_id)}::bigint[], ${edges.map((edge) => edge.to_id)}::bigint[]) as edge (from_id, to_id)
          on account_id = edge.from_id and target_id = edge.to_id`,
      async repair(edge) {
        const payload = { accountId: edge.from_id, targetId: edge.to_id };
        await writeAt(app.shards, edge.from_id, async (tx) => {
          await app.queue.enqueue(tx, followChanged, [payload]);
          await app.queue.enqueue(tx, followAnswered, [payload]);
        });
      },
    }),
};

export const checkLikes: Check = {
  name: 'likes and their mirrors',
  find: (app) =>
    compareEdges(app, {
      sources: (after) => sql`
        select account_id as from_id, post_id as to_id, like_id::text as mark from likes
        where (account_id, post_id) > (${after.from_id}, ${after.to_id}) order by account_id, post_id limit ${BATCH}`,
      mirrors: (after) => sql`
        select account_id as from_id, post_id as to_id, like_id::text as mark from post_likes
        where (post_id, account_id) > (${after.to_id}, ${after.from_id}) order by post_id, account_id limit ${BATCH}`,
      mirrorsOf: (edges) => sql`
        select post_likes.account_id as from_id, post_likes.post_id as to_id, like_id::text as mark from post_likes
        join unnest(${edges.map((edge) => edge.from_id)}::bigint[], ${edges.map((edge) => edge.to_id)}::bigint[]) as edge (from_id, to_id)
          on post_likes.post_id = edge.to_id and post_likes.account_id = edge.from_id`,
      sourcesOf: (edges) => sql`
        select likes.account_id as from_id, likes.post_id as to_id, like_id::text as mark from likes
        join unnest(${edges.map((edge) => edge.from_id)}::bigint[], ${edges.map((edge) => edge.to_id)}::bigint[]) as edge (from_id, to_id)
          on likes.account_id = edge.from_id and likes.post_id = edge.to_id`,
      async repair(edge) {
        await writeAt(app.shards, edge.from_id, (tx) =>
          app.queue.enqueue(tx, likeChanged, [{ accountId: edge.from_id, postId: edge.to_id as PostId }]),
        );
      },
    }),
};

type EdgeTables = {
  sources(after: Edge): Statement;
  mirrors(after: Edge): Statement;
  mirrorsOf(edges: Edge[]): Statement;
  sourcesOf(edges: Edge[]): Statement;
  repair(edge: Edge): Promise<void>;
};

async function* compareEdges(app: App, tables: EdgeTables): AsyncIterable<Difference> {
  for (const { database } of app.shards.servers) {
    for await (const edges of batches(database, tables.sources)) {
      const mirrored = await readOther(app, edges, (edge) => edge.to_id, tables.mirrorsOf);
      for (const edge of edges)
        if (mirrored.get(keyOf(edge)) !== edge.mark)
          yield differenceOf(edge, `the mirror is ${mirrored.get(keyOf(edge)) ?? 'missing'}`, tables);
    }
    for await (const edges of batches(database, tables.mirrors)) {
      const sources = await readOther(app, edges, (edge) => edge.from_id, tables.sourcesOf);
      for (const edge of edges)
        if (!sources.has(keyOf(edge))) yield differenceOf(edge, 'the mirror has no source', tables);
    }
  }
}

async function* batches(database: Database, statement: (after: Edge) => Statement): AsyncIterable<Edge[]> {
  for (let after: Edge = { from_id: '0' as AccountId, to_id: '0' as AnyId, mark: '' }; ; ) {
    const edges = await database.rows<Edge & Row>(statement(after));
    if (edges.length > 0) yield edges;
    const last = edges.at(-1);
    if (!last || edges.length < BATCH) return;
    after = last;
  }
}

/** The other side of each edge, by key; one query per server. */
async function readOther(
  app: App,
  edges: Edge[],
  idOf: (edge: Edge) => AnyId,
  statement: (edges: Edge[]) => Statement,
): Promise<Map<string, string>> {
  const wanted = Map.groupBy(edges, idOf);
  const rows = await readEach<Edge & Row, AnyId>(app.shards, [...wanted.keys()], (share) =>
    statement(share.flatMap((id) => wanted.get(id) ?? [])),
  );
  return new Map(rows.map((row) => [keyOf(row), row.mark]));
}

function differenceOf(edge: Edge, is: string, tables: EdgeTables): Difference {
  return { key: `${edge.from_id} → ${edge.to_id} (${edge.mark})`, is, repair: () => tables.repair(edge) };
}

function keyOf(edge: Edge): string {
  return `${edge.from_id}:${edge.to_id}`;
}
