/**
 * Which logical shards to move so that open servers hold equally much and are equally busy. Pure.
 *
 * Everything is counted in the mean of the open servers: one that is even holds 1 of bytes and 1 of load. Each step
 * settles one server with one partner, by one move where it has too much of both or too little of both, else by two;
 * it is then left alone. So k servers take k - 1 moves, at worst 2 (k - 1). Which server is settled with which partner
 * is searched for: the fewest moves, then the least that is moved.
 */
import { mergeRanges, type PlannedMove, RANGES_MAX } from '../moves/plan.ts';

export type Weight = { bytes: number; load: number };
/** By logical shard. */
export type Placement = (Weight & { server: string })[];
export type Balance = { moves: (PlannedMove & Weight)[]; placement: Placement };

type Pair = [bytes: number, load: number];
type Side = { name: string; over: Pair };
type Step = { settled: string; partner: string };
type Plan = { first: Step | null; moves: number; moved: number };
type Item = { shard: number; weight: Pair };

/** Of the mean, in bytes and in load. */
const EVEN = 0.1;
/** What a plan counts as even, so that the size of shards does not make it uneven. */
const GOAL = 0.08;
const SEARCH_MAX = 20_000;
/** Blocks may overshoot what is wanted by so much, single shards by anything that comes nearer. */
const OVERSHOOT = 0.01;
const PICKS_PER_SIZE = 6;
/** A block that brings a move no nearer than this is not worth a range of its own: changes are held against each. */
const NEARER_MIN = 0.002;
/** Less of a gain is not worth a move. */
const GAIN_MIN = 0.1;

/** Shards of servers that are not `open` are left out: they stay, and count for nothing. */
export function planBalance(given: Placement, open: readonly string[]): Balance {
  const placement = given.map((each) => ({ ...each }));
  const weights = inMeans(placement, open);
  const unsettled = new Set(open);
  const moves: Balance['moves'] = [];
  while (unsettled.size > 1 && !isEven(placement, weights, open)) {
    const step = findStep(sidesOf(placement, weights, [...unsettled]));
    if (!step) break;
    unsettled.delete(step.settled);
    moves.push(...settle(placement, weights, step, open));
  }
  const results = [...moves.keys(), moves.length].map((kept) =>
    unevenness(replay(given, moves.slice(0, kept)).placement, weights, open),
  );
  const kept = results.indexOf(Math.min(...results));
  const isWorthIt = (results[kept] ?? 0) < (results[0] ?? 0) * (1 - GAIN_MIN);
  return replay(given, isWorthIt ? moves.slice(0, kept) : []);
}

/** Whether each of the open servers is within 10 % of their mean, in bytes and in load. */
export function isBalanced(placement: Placement, open: readonly string[]): boolean {
  return open.length < 2 || isEven(placement, inMeans(placement, open), open);
}

function replay(given: Placement, moves: Balance['moves']): Balance {
  const placement = given.map((each) => ({ ...each }));
  for (const { ranges, target } of moves)
    for (const { from, to } of ranges) for (const each of placement.slice(from, to + 1)) each.server = target;
  return { moves, placement };
}

/** Where nothing is weighed, shards are counted: newcomers are spread over them. */
function inMeans(placement: Placement, open: readonly string[]): Pair[] {
  const isIn = new Set(open);
  const counted = placement.map((each): Pair => (isIn.has(each.server) ? [each.bytes, each.load] : [0, 0]));
  const bytes = sum(counted.map((pair) => pair[0])) / open.length;
  const load = sum(counted.map((pair) => pair[1])) / open.length;
  const shards = placement.filter((each) => isIn.has(each.server)).length / open.length;
  return counted.map((pair) => {
    const byBytes = bytes > 0 ? pair[0] / bytes : 1 / shards;
    return [byBytes, load > 0 ? pair[1] / load : byBytes];
  });
}

function sidesOf(placement: Placement, weights: readonly Pair[], names: readonly string[]): Side[] {
  const sides = new Map(names.map((name): [string, Side] => [name, { name, over: [-1, -1] }]));
  for (const [shard, { server }] of placement.entries()) {
    const [side, weight] = [sides.get(server), weights[shard]];
    if (side && weight) side.over = plus(side.over, weight);
  }
  return [...sides.values()];
}

function isEven(placement: Placement, weights: readonly Pair[], open: readonly string[]): boolean {
  return sidesOf(placement, weights, open).every(({ over }) => farthest(over) <= EVEN);
}

function unevenness(placement: Placement, weights: readonly Pair[], open: readonly string[]): number {
  return sum(sidesOf(placement, weights, open).map(({ over }) => square(over)));
}

// which servers -----------------------------------------------------------------------------------------------

/** The first step of the shortest way; null when there is nothing to do. */
function findStep(sides: Side[]): Step | null {
  let best: Plan = { first: null, moves: Number.POSITIVE_INFINITY, moved: 0 };
  let left = SEARCH_MAX;
  const search = (now: Side[], so: Plan): void => {
    const uneven = now.filter(({ over }) => farthest(over) > GOAL);
    const least = so.moves + Math.ceil(uneven.length / 2);
    if (least > best.moves || (least === best.moves && so.moved >= best.moved)) return;
    if (uneven.length === 0) {
      best = so;
      return;
    }
    for (const settled of uneven)
      for (const partner of now) {
        if (partner === settled || (left-- <= 0 && best.first)) continue;
        const rest = now
          .filter((side) => side !== settled)
          .map((side) => (side === partner ? { ...side, over: plus(side.over, settled.over) } : side));
        search(rest, {
          first: so.first ?? { settled: settled.name, partner: partner.name },
          moves: so.moves + (isOneSided(settled.over) ? 1 : 2),
          moved: so.moved + Math.abs(settled.over[0]) + Math.abs(settled.over[1]),
        });
      }
  };
  search(sides, { first: null, moves: 0, moved: 0 });
  return best.first;
}

/** Too much of both, or too little of both, so far as it matters. */
function isOneSided([bytes, load]: Pair): boolean {
  return Math.min(bytes, load) >= -GOAL || Math.max(bytes, load) <= GOAL;
}

// which shards ------------------------------------------------------------------------------------------------

/** Moves shards, and gives the moves: none where no shard is of the size that is needed. */
function settle(
  placement: Placement,
  weights: Pair[],
  step: Step,
  open: readonly string[],
): Balance['moves'] {
  const moves: Balance['moves'] = [];
  const overOf = (): Pair =>
    sidesOf(placement, weights, open).find(({ name }) => name === step.settled)?.over ?? [0, 0];
  const carry = (source: string, target: string, wanted: Pair) => {
    const own = placement.flatMap(({ server }, shard): Item[] =>
      server === source ? [{ shard, weight: weights[shard] ?? [0, 0] }] : [],
    );
    const picked = pickShards(own, wanted);
    if (picked.length === 0) return;
    const ranges = mergeRanges(picked.map((shard) => ({ from: shard, to: shard })));
    const carried = picked.map((shard) => placement[shard]).filter((each) => each !== undefined);
    for (const each of carried) each.server = target;
    const [bytes, load] = [sum(carried.map((each) => each.bytes)), sum(carried.map((each) => each.load))];
    moves.push({ source, target, ranges, bytes, load });
  };
  const before = overOf();
  if (Math.max(...before) > GOAL) {
    const wanted = isOneSided(before) ? positive(before) : exchanged(placement, weights, step, before);
    carry(step.settled, step.partner, wanted);
  }
  const after = overOf();
  if (Math.min(...after) < -GOAL) carry(step.partner, step.settled, positive([-after[0], -after[1]]));
  return moves;
}

/** What the first of two moves carries: such a part of all that is there that a part of the partner's can make up for it. */
function exchanged(placement: Placement, weights: readonly Pair[], step: Step, over: Pair): Pair {
  const [a, b] = sidesOf(placement, weights, [step.settled, step.partner]).map((side) =>
    plus(side.over, [1, 1]),
  );
  if (!a || !b) return positive(over);
  // over = given * a - taken * b
  const determinant = a[1] * b[0] - a[0] * b[1];
  const given = (over[1] * b[0] - over[0] * b[1]) / determinant;
  const taken = (over[1] * a[0] - over[0] * a[1]) / determinant;
  const isPossible = given >= 0 && given <= 1 && taken >= 0 && taken <= 1;
  return isPossible ? [given * a[0], given * a[1]] : positive(over);
}

/** Of what a server owns, in their order, as much as is wanted: large blocks first, then smaller ones, in 64 ranges at most. */
function pickShards(own: readonly Item[], wanted: Pair): number[] {
  const isPicked = own.map(() => false);
  const state = { rest: wanted, ranges: 0 };
  for (let size = 2 ** Math.ceil(Math.log2(own.length + 1)); size >= 1; size /= 2) {
    const picks = size === 1 ? RANGES_MAX : PICKS_PER_SIZE;
    for (let tries = 0; tries < picks && pickBlock(own, isPicked, size, state); tries++);
  }
  return own.filter((_, at) => isPicked[at]).map(({ shard }) => shard);
}

/** Takes the block of this size that comes nearest to what is wanted; false when none comes nearer. */
function pickBlock(
  own: readonly Item[],
  isPicked: boolean[],
  size: number,
  state: { rest: Pair; ranges: number },
): boolean {
  let best = {
    from: -1,
    to: -1,
    distance: Math.max(0, Math.sqrt(square(state.rest)) - NEARER_MIN),
    rest: state.rest,
    ranges: 0,
  };
  for (let from = 0; from < own.length; from += size) {
    const to = Math.min(from + size, own.length);
    if (isPicked.slice(from, to).includes(true)) continue;
    let rest = state.rest;
    for (const { weight } of own.slice(from, to)) rest = plus(rest, [-weight[0], -weight[1]]);
    const distance = Math.sqrt(square(rest));
    if (distance >= best.distance || (size > 1 && Math.min(...rest) < -OVERSHOOT)) continue;
    const ranges = state.ranges + rangesAdded(own, isPicked, from, to);
    if (ranges <= RANGES_MAX) best = { from, to, distance, rest, ranges };
  }
  if (best.from < 0) return false;
  isPicked.fill(true, best.from, best.to);
  Object.assign(state, { rest: best.rest, ranges: best.ranges });
  return true;
}

function rangesAdded(own: readonly Item[], isPicked: readonly boolean[], from: number, to: number): number {
  const follows = (at: number) => own[at] !== undefined && own[at].shard === (own[at - 1]?.shard ?? -2) + 1;
  let added = 1;
  for (let at = from + 1; at < to; at++) if (!follows(at)) added++;
  if (isPicked[from - 1] && follows(from)) added--;
  if (isPicked[to] && follows(to)) added--;
  return added;
}

const plus = (a: Pair, b: Pair): Pair => [a[0] + b[0], a[1] + b[1]];
const positive = (pair: Pair): Pair => [Math.max(0, pair[0]), Math.max(0, pair[1])];
const square = (pair: Pair): number => pair[0] ** 2 + pair[1] ** 2;
const farthest = (pair: Pair): number => Math.max(Math.abs(pair[0]), Math.abs(pair[1]));
const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
