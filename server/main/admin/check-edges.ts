/** Follows, likes, and who is named on posts: each edge at its source has its mirror, and no mirror is without its source. Mended by the same jobs that mirror them. */
import type { AnyId } from '../../../core/ids.ts';
import { accountDeleted, privacyChanged } from '../../features/accounts/schema.ts';
import { followAnswered, followChanged } from '../../features/graph/schema.ts';
import { likeChanged } from '../../features/likes/schema.ts';
import { peopleChanged } from '../../features/people/schema.ts';
import { postDeleted } from '../../features/posts/schema.ts';
import type { App } from '../../infra/app.ts';
import { writeAt } from '../../infra/shards.ts';
import { type Statement, sql } from '../../infra/sql.ts';
import { ask, type Check, type Difference, type Mender, type Sight, scan } from './check-differences.ts';

const BATCH = 1_000;
type Edge = { from_id: AnyId; to_id: AnyId; mark: string };
const NONE = { from_id: '0', to_id: '0', mark: '' } as Edge;

export const checkFollows: Check = {
  name: 'follows and their mirrors',
  find: (sight) =>
    compareEdges(sight, {
      sources: (after, shards) => sql`
        select account_id as from_id, target_id as to_id, follow_id || ' ' || state as mark from follows
        where (account_id, target_id) > (${after.from_id}, ${after.to_id}) and get_bit(${shards}::bytea, ((account_id >> 10) & 8191)::integer) = 1
        order by account_id, target_id limit ${BATCH}`,
      mirrors: (after, shards) => sql`
        select follower_id as from_id, account_id as to_id, follow_id || ' ' || state as mark from followers
        where (account_id, follower_id) > (${after.to_id}, ${after.from_id}) and get_bit(${shards}::bytea, ((account_id >> 10) & 8191)::integer) = 1
        order by account_id, follower_id limit ${BATCH}`,
      mirrorsOf: (edges) => sql`
        select follower_id as from_id, account_id as to_id, follow_id || ' ' || state as mark from followers
        join unnest(${edges.map((edge) => edge.from_id)}::bigint[], ${edges.map((edge) => edge.to_id)}::bigint[]) as edge (from_id, to_id)
          on account_id = edge.to_id and follower_id = edge.from_id`,
      sourcesOf: (edges) => sql`
        select account_id as from_id, target_id as to_id, follow_id || ' ' || state as mark from follows
        join unnest(${edges.map((edge) => edge.from_id)}::bigint[], ${edges.map((edge) => edge.to_id)}::bigint[]) as edge (from_id, to_id)
          on account_id = edge.from_id and target_id = edge.to_id`,
      menders: ({ from_id, to_id }) => [
        { kind: followChanged, fields: ['accountId', 'targetId'], values: [from_id, to_id] },
        { kind: followAnswered, fields: ['accountId', 'targetId'], values: [from_id, to_id] },
        { kind: accountDeleted, fields: ['accountId'], values: [from_id] },
        { kind: accountDeleted, fields: ['accountId'], values: [to_id] },
        { kind: privacyChanged, fields: ['accountId'], values: [to_id] },
      ],
      async repair(app, edge) {
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
  find: (sight) =>
    compareEdges(sight, {
      sources: (after, shards) => sql`
        select account_id as from_id, post_id as to_id, like_id::text as mark from likes
        where (account_id, post_id) > (${after.from_id}, ${after.to_id}) and get_bit(${shards}::bytea, ((account_id >> 10) & 8191)::integer) = 1
        order by account_id, post_id limit ${BATCH}`,
      mirrors: (after, shards) => sql`
        select account_id as from_id, post_id as to_id, like_id::text as mark from post_likes
        where (post_id, account_id) > (${after.to_id}, ${after.from_id}) and get_bit(${shards}::bytea, ((post_id >> 10) & 8191)::integer) = 1
        order by post_id, account_id limit ${BATCH}`,
      mirrorsOf: (edges) => sql`
        select post_likes.account_id as from_id, post_likes.post_id as to_id, like_id::text as mark from post_likes
        join unnest(${edges.map((edge) => edge.from_id)}::bigint[], ${edges.map((edge) => edge.to_id)}::bigint[]) as edge (from_id, to_id)
          on post_likes.post_id = edge.to_id and post_likes.account_id = edge.from_id`,
      sourcesOf: (edges) => sql`
        select likes.account_id as from_id, likes.post_id as to_id, like_id::text as mark from likes
        join unnest(${edges.map((edge) => edge.from_id)}::bigint[], ${edges.map((edge) => edge.to_id)}::bigint[]) as edge (from_id, to_id)
          on likes.account_id = edge.from_id and likes.post_id = edge.to_id`,
      menders: ({ from_id, to_id }) => [
        { kind: likeChanged, fields: ['accountId', 'postId'], values: [from_id, to_id] },
        { kind: postDeleted, fields: ['postId'], values: [to_id] },
        { kind: accountDeleted, fields: ['accountId'], values: [from_id] },
      ],
      async repair(app, edge) {
        await writeAt(app.shards, edge.from_id, (tx) =>
          app.queue.enqueue(tx, likeChanged, [{ edges: [{ accountId: edge.from_id, postId: edge.to_id }] }]),
        );
      },
    }),
};

/** An edge leads from a post to an account. */
export const checkPeople: Check = {
  name: 'people on posts and their mirrors',
  find: (sight) =>
    compareEdges(sight, {
      sources: (after, shards) => sql`
        select distinct post_id as from_id, post_people.account_id as to_id, 'named' as mark from post_people join posts using (post_id)
        where (post_id, post_people.account_id) > (${after.from_id}, ${after.to_id}) and not is_removed
          and state in ('published', 'archived') and get_bit(${shards}::bytea, ((post_id >> 10) & 8191)::integer) = 1
        order by post_id, post_people.account_id limit ${BATCH}`,
      mirrors: (after, shards) => sql`
        select post_id as from_id, account_id as to_id, 'named' as mark from tagged_posts
        where (account_id, post_id) > (${after.to_id}, ${after.from_id}) and get_bit(${shards}::bytea, ((account_id >> 10) & 8191)::integer) = 1
        order by account_id, post_id limit ${BATCH}`,
      mirrorsOf: (edges) => sql`
        select post_id as from_id, account_id as to_id, 'named' as mark from tagged_posts
        join unnest(${edges.map((edge) => edge.from_id)}::bigint[], ${edges.map((edge) => edge.to_id)}::bigint[]) as edge (from_id, to_id)
          on post_id = edge.from_id and account_id = edge.to_id`,
      sourcesOf: (edges) => sql`
        select distinct post_id as from_id, post_people.account_id as to_id, 'named' as mark from post_people join posts using (post_id)
        join unnest(${edges.map((edge) => edge.from_id)}::bigint[], ${edges.map((edge) => edge.to_id)}::bigint[]) as edge (from_id, to_id)
          on post_id = edge.from_id and post_people.account_id = edge.to_id
        where not is_removed and state in ('published', 'archived')`,
      menders: ({ from_id, to_id }) => [
        { kind: peopleChanged, fields: ['postId', 'accountId'], values: [from_id, to_id] },
        { kind: postDeleted, fields: ['postId'], values: [from_id] },
        { kind: accountDeleted, fields: ['accountId'], values: [to_id] },
      ],
      async repair(app, edge) {
        await writeAt(app.shards, edge.from_id, (tx) =>
          app.queue.enqueue(tx, peopleChanged, [
            { edges: [{ postId: edge.from_id, accountId: edge.to_id }] },
          ]),
        );
      },
    }),
};

type EdgeTables = {
  sources(after: Edge, shards: Buffer): Statement;
  mirrors(after: Edge, shards: Buffer): Statement;
  mirrorsOf(edges: Edge[]): Statement;
  sourcesOf(edges: Edge[]): Statement;
  menders(edge: Edge): Mender[];
  repair(app: App, edge: Edge): Promise<void>;
};

async function* compareEdges(sight: Sight, tables: EdgeTables): AsyncIterable<Difference[]> {
  for await (const edges of scan<Edge>(sight, (after, shards) => tables.sources(after ?? NONE, shards)))
    yield withoutMirror(sight, edges, tables);
  for await (const edges of scan<Edge>(sight, (after, shards) => tables.mirrors(after ?? NONE, shards)))
    yield withoutSource(sight, edges, tables);
}

async function withoutMirror(sight: Sight, edges: Edge[], tables: EdgeTables): Promise<Difference[]> {
  const mirrors = await readOther(sight, edges, (edge) => edge.to_id, tables.mirrorsOf);
  return edges
    .filter((edge) => mirrors.isSeen(edge.to_id) && mirrors.marks.get(keyOf(edge)) !== edge.mark)
    .map((edge) =>
      differenceOf(sight, edge, `the mirror is ${mirrors.marks.get(keyOf(edge)) ?? 'missing'}`, tables),
    );
}

async function withoutSource(sight: Sight, edges: Edge[], tables: EdgeTables): Promise<Difference[]> {
  const sources = await readOther(sight, edges, (edge) => edge.from_id, tables.sourcesOf);
  return edges
    .filter((edge) => sources.isSeen(edge.from_id) && !sources.marks.has(keyOf(edge)))
    .map((edge) => differenceOf(sight, edge, 'the mirror has no source', tables));
}

/** The other side of each edge, by key; one query per server. */
async function readOther(
  sight: Sight,
  edges: Edge[],
  idOf: (edge: Edge) => AnyId,
  statement: (edges: Edge[]) => Statement,
) {
  const wanted = Map.groupBy(edges, idOf);
  const { rows, isSeen } = await ask<Edge, AnyId>(sight, wanted.keys(), (share) =>
    statement(share.flatMap((id) => wanted.get(id) ?? [])),
  );
  return { isSeen, marks: new Map(rows.map((row) => [keyOf(row), row.mark])) };
}

function differenceOf(sight: Sight, edge: Edge, is: string, tables: EdgeTables): Difference {
  return {
    key: `${edge.from_id} → ${edge.to_id}`,
    is: `${is} (${edge.mark})`,
    menders: tables.menders(edge),
    async again() {
      const { rows: sources } = await ask<Edge, AnyId>(sight, [edge.from_id], () => tables.sourcesOf([edge]));
      if (sources.length > 0) return (await withoutMirror(sight, sources, tables))[0] ?? null;
      const { rows: mirrors } = await ask<Edge, AnyId>(sight, [edge.to_id], () => tables.mirrorsOf([edge]));
      return (await withoutSource(sight, mirrors, tables))[0] ?? null;
    },
    repair: (app) => tables.repair(app, edge),
  };
}

function keyOf(edge: Edge): string {
  return `${edge.from_id}:${edge.to_id}`;
}
