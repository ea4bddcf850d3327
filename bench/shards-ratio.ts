/**
 * Likes, follows and posts per second on the fleet against the plain side: the two take turns in one run, so that whatever
 * else this machine does is done to both. All of it shares its cores: the fleet has seven more database processes to feed.
 */
import { type LoadRequest, load } from './load.ts';
import { type Member, makePhoto, publish } from './people.ts';
import { type Side, settle } from './shards-fleet.ts';
import type { Rows } from './shards-rows.ts';
import { type Bench, type Figures, median } from './system.ts';

export type Scene = { side: Side; members: Member[]; rows: Rows };

const ROUNDS = 3;
const LANES = 16;
const PUBLISHERS = 8;
/** Of one kind of act on one side in one round. */
const SECONDS = 2;
const WARM_UP_SECONDS = 1;

/** Gives acts a second. */
type Act = (scene: Scene, seconds: number) => Promise<number>;

export async function measureRatios(
  bench: Bench,
  plain: Scene,
  fleet: Scene,
  seconds: number | null,
): Promise<Figures> {
  const photo = await makePhoto(320, 400);
  const acts: Record<string, Act> = {
    likes: drive(
      bench,
      ({ rows }) => rows.postIds,
      (postId) => `/api/v1/posts/${postId}/like`,
    ),
    follows: drive(
      bench,
      ({ rows }) => rows.accountIds,
      (accountId) => `/api/v1/accounts/${accountId}/follow`,
    ),
    posts: (scene, maxSeconds) => post(scene, photo, maxSeconds),
  };
  const unit = seconds === null ? SECONDS : seconds / ROUNDS;
  const figures: Figures = {};
  const ratios: number[] = [];
  for (const [kind, act] of Object.entries(acts)) {
    const found = { plain: [] as number[], fleet: [] as number[] };
    for (const scene of [plain, fleet]) await act(scene, Math.min(unit, WARM_UP_SECONDS));
    for (let round = 0; round < ROUNDS; round++) {
      const turns = [
        [found.plain, plain],
        [found.fleet, fleet],
      ] as const;
      for (const [into, scene] of round % 2 === 0 ? turns : turns.toReversed())
        into.push(await act(scene, unit));
    }
    const ratio = median(found.fleet.map((rate, round) => rate / (found.plain[round] ?? Number.NaN)));
    ratios.push(ratio);
    figures[`${kind}PerSecondOneServer`] = median(found.plain);
    figures[`${kind}PerSecondTwoServers`] = median(found.fleet);
    figures[`${kind}Ratio`] = ratio;
  }
  return { ratioTwoServers: Math.min(...ratios), ...figures };
}

/** Each pair of a member and a target once, the members taking turns; afterwards all jobs are done. */
function drive(bench: Bench, targetsOf: (scene: Scene) => string[], pathOf: (target: string) => string): Act {
  const done = new Map<Scene, number[]>();
  return async (scene, seconds) => {
    const before = done.get(scene) ?? Array.from({ length: LANES }, () => 0);
    const lanes = before.map((from, lane) => planLane(scene, lane, from, targetsOf(scene), pathOf));
    const { system } = scene.side;
    const result = await load(bench, { port: system.port, lanes, repeats: false, seconds });
    done.set(
      scene,
      before.map((from, lane) => from + (result.done[lane] ?? 0)),
    );
    await settle(scene.side);
    return result.perSecond;
  };
}

const LANE_REQUESTS = 2_000;

/** A lane has members of its own. */
function planLane(
  { members }: Scene,
  lane: number,
  from: number,
  targets: string[],
  pathOf: (target: string) => string,
): LoadRequest[] {
  const own = members.filter((_, at) => at % LANES === lane);
  return Array.from({ length: LANE_REQUESTS }, (_, at) => {
    const number = from + at;
    // Every lane begins elsewhere, so that no post is liked by all at once.
    const target = targets[(Math.floor(number / own.length) + lane * LANE_REQUESTS) % targets.length] ?? '';
    const token = own[number % own.length]?.token ?? '';
    return { method: 'PUT', path: pathOf(target), token };
  });
}

/** From the first request until the last of the posts is developed and published. */
async function post(
  { side, members }: Scene,
  photo: Uint8Array<ArrayBuffer>,
  seconds: number,
): Promise<number> {
  const startMs = performance.now();
  let count = 0;
  const publisher = async (_: unknown, lane: number) => {
    const member = members[lane];
    while (member && performance.now() - startMs < seconds * 1_000) {
      await publish(side.system.base, member, photo, 'none');
      count++;
    }
  };
  await Promise.all(Array.from({ length: PUBLISHERS }, publisher));
  await settle(side);
  return (count * 1_000) / (performance.now() - startMs);
}
