/**
 * The home feed: pages of 20 posts with a photo each, for one account that follows 100 others with three posts each
 * (made through the API; the photos are 320 px wide: the page is the same as with larger ones). One hot reader, as in
 * the figures that we compare with. The floor is measured in turns with the feed, in the same run.
 */
import { once } from 'node:events';
import path from 'node:path';
import { startAccelerators } from './accelerators.ts';
import { countQuestions } from './feed-questions.ts';
import { measureUnderUploads } from './feed-uploads.ts';
import { everywhere, type LoadResult, load } from './load.ts';
import { call, type Member, makeAdmin, makeMembers, makePhoto, makePosts, step, together } from './people.ts';
import { type Cpu, cpuBetween, readCpu } from './processes.ts';
import {
  type Bench,
  type Figures,
  median,
  percentile,
  prepareSystem,
  type Scenario,
  type System,
  settle,
  startChild,
  startSystem,
  type Wish,
} from './system.ts';

const FOLLOWED = 100;
const POSTS_EACH = 3;
const PAGE = 20;
const CONNECTIONS = 16;
const ROUNDS = 3;
const SECONDS = 9;
const WARM_UP_SECONDS = 1.5;
const UPLOADERS = 4;

export const feed: Scenario = {
  name: 'feed',
  about: `home feed of ${PAGE} posts for an account that follows ${FOLLOWED}, at 1 and ${CONNECTIONS} connections`,
  measure,
};

type Round = { feed16: LoadResult; floor16: LoadResult; feed1: LoadResult; cpu: Cpu };

async function measure(bench: Bench, wish: Wish): Promise<Figures> {
  const accelerators = await startAccelerators(bench);
  const system = await startSystem(bench, accelerators.settings);
  const reader = await step(`${FOLLOWED} accounts and ${FOLLOWED * POSTS_EACH} posts`, setScene(system));
  const uploaders = await makeMembers(system, 'uploader', UPLOADERS);
  const page = await readPage(system, reader);
  const floorPort = await startFloor(bench, page);
  const aim = aimAt(bench, reader);
  await step(
    'warming up',
    Promise.all([system.port, floorPort].map((port) => aim(port, 4, WARM_UP_SECONDS))),
  );
  const seconds = wish.seconds ?? SECONDS;
  const unit = seconds / ROUNDS / 5;
  const rounds: Round[] = [];
  while (rounds.length < ROUNDS) {
    const before = await readCpu(system.pid());
    const feed16 = await aim(system.port, CONNECTIONS, 2.5 * unit);
    const cpu = cpuBetween(before, await readCpu(system.pid()));
    const floor16 = await aim(floorPort, CONNECTIONS, unit);
    const feed1 = await aim(system.port, 1, 1.5 * unit);
    rounds.push({ feed16, floor16, feed1, cpu });
  }
  const read = (readSeconds: number) => aim(system.port, 1, readSeconds);
  const underUploads = await step(
    `${UPLOADERS} uploads at a time`,
    measureUnderUploads(bench, system, uploaders, read, seconds),
  );
  await settle(system);
  await system.stop();
  return {
    ...figuresOf(rounds),
    ...underUploads,
    ...(await step('without Redis and Memcached', measureMerged(bench, system, aim, unit))),
    ...(await step('counting', countQuestions(bench, system, accelerators, reader, PAGE))),
    feedBodyBytes: page.body.length,
  };
}

type Aim = (port: number, connections: number, seconds: number) => Promise<LoadResult>;

function aimAt(bench: Bench, { token }: Member): Aim {
  const request = { method: 'GET', path: `/api/v1/feed?limit=${PAGE}`, token };
  return (port, connections, seconds) =>
    load(bench, { port, lanes: everywhere(connections, request), repeats: true, seconds });
}

/** The same pages of the same data, merged from PostgreSQL alone. */
async function measureMerged(bench: Bench, stopped: System, aim: Aim, unit: number): Promise<Figures> {
  const system = await prepareSystem(bench, path.basename(stopped.dataDir));
  await system.start();
  await aim(system.port, 4, WARM_UP_SECONDS);
  const perSecond: number[] = [];
  while (perSecond.length < ROUNDS)
    perSecond.push((await aim(system.port, CONNECTIONS, 2.5 * unit)).perSecond);
  const at1 = await aim(system.port, 1, 2.5 * unit);
  await system.stop();
  return { feedMergedPerSecond: median(perSecond), feedMergedP50Ms: percentile(at1.latenciesMs, 0.5) };
}

async function setScene(system: System): Promise<Member> {
  const reader = await makeAdmin(system);
  const authors = await makeMembers(system, 'author', FOLLOWED);
  await together(authors, ({ accountId }) =>
    call(system.base, 'PUT', `/accounts/${accountId}/follow`, { token: reader.token }),
  );
  await makePosts(system, authors, POSTS_EACH, await makePhoto(320, 400));
  await settle(system);
  return reader;
}

/** The page as it is sent, with the headers that are ours. */
async function readPage(system: System, { token }: Member) {
  const reply = await fetch(`${system.base}/api/v1/feed?limit=${PAGE}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const body = await reply.text();
  const { items } = JSON.parse(body) as { items: { photos: { renditions: unknown[] }[] }[] };
  if (items.length !== PAGE || items.some((post) => post.photos[0]?.renditions.length !== 4))
    throw new Error('The feed is not a page of 20 posts with a photo each.');
  const transport = new Set(['date', 'connection', 'keep-alive', 'content-length']);
  return { body, headers: Object.fromEntries([...reply.headers].filter(([name]) => !transport.has(name))) };
}

async function startFloor(bench: Bench, page: { body: string }): Promise<number> {
  const child = startChild(bench, new URL('./floor.worker.ts', import.meta.url), page);
  const [{ port }] = await once(child, 'message');
  return port;
}

function figuresOf(rounds: Round[]): Figures {
  const at1 = rounds.flatMap(({ feed1 }) => feed1.latenciesMs);
  const at16 = rounds.flatMap(({ feed16 }) => feed16.latenciesMs);
  const perRequest = (part: 'node' | 'postgres') =>
    rounds.reduce((all, { cpu }) => all + cpu[part], 0) /
    rounds.reduce((all, { feed16 }) => all + feed16.total, 0);
  return {
    feedPerSecond: median(rounds.map(({ feed16 }) => feed16.perSecond)),
    feedP50Ms: percentile(at1, 0.5),
    feedP99Ms: percentile(at1, 0.99),
    feedP50Ms16: percentile(at16, 0.5),
    feedP99Ms16: percentile(at16, 0.99),
    feedNodeCpuMs: perRequest('node'),
    feedPgCpuMs: perRequest('postgres'),
    feedFloorPerSecond: median(rounds.map(({ floor16 }) => floor16.perSecond)),
    feedShareOfFloor: median(rounds.map(({ feed16, floor16 }) => feed16.perSecond / floor16.perSecond)),
  };
}
