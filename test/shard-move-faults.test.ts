/**
 * A move that is broken off at each of its steps, by the death of each of those who take part in it, while members write.
 * It goes on by itself, or is resumed, or undone; and nothing is lost, doubled or left behind.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { endMove, moveNext } from '../server/infra/moves/move.ts';
import { parseRanges } from '../server/infra/moves/plan.ts';
import { clearSteps, copySteps, type Step, switchSteps, undoSteps } from '../server/infra/moves/report.ts';
import type { PostgresServer } from './fleet.ts';
import { mustBeTidy, mustBeWhole, runMover } from './shard-move-checks.ts';
import { limits, type Members, openMoveWorld, startMembers, startProcess } from './shard-move-world.ts';

const STEPS: Step[] = [...copySteps, ...switchSteps, ...clearSteps];
const BEFORE_OPEN = STEPS.slice(0, STEPS.indexOf('opened'));
/** A cut takes seconds each time, so not at every step. */
const CUT_STEPS: Step[] = ['copying', 'fenced', 'mapped', 'opened'];
const RANGE = '2-3,4096-4200';
const SHARDS = [1, 2, 4097, 4100, 8000];

const world = await openMoveWorld(['a', 'b'], { link: 'network' });
const web = await startProcess(world, 'web');

async function whileMembersWrite(work: (members: Members) => Promise<void>): Promise<void> {
  const members = await startMembers(world, web, SHARDS, 10);
  await work(members);
  await delay(50);
  await members.stop();
  await mustBeWhole(world, members);
}

const wishTo = (target: string) => ({ ranges: parseRanges(RANGE), target });

/** Of two moves, there and back, each is broken off at every second step. */
async function breakEverywhere(steps: readonly Step[], interrupt: () => Promise<void>): Promise<void> {
  await whileMembersWrite(async () => {
    for (const [parity, target] of ['b', 'a'].entries()) {
      const left = steps.filter((_, at) => at % 2 === parity);
      const move = await moveNext(world.fleet, wishTo(target), {
        limits,
        signal: new AbortController().signal,
        async report(event) {
          if (event.kind !== 'step' || event.step !== left[0]) return;
          left.shift();
          await interrupt();
        },
      });
      assert.equal(move?.state, 'done');
      assert.deepEqual(left, [], 'every step was reached');
    }
  });
}

const killAndStart = (server: () => PostgresServer | undefined) => async () => {
  await server()?.kill();
  await server()?.start();
};

const cutAndHeal = (server: () => PostgresServer | undefined) => async () => {
  await server()?.cut();
  setTimeout(() => void server()?.heal(), 1_300);
};

test('killed at any step, the source comes back and the move goes on', () =>
  breakEverywhere(
    STEPS,
    killAndStart(() => world.servers[0]),
  ));

test('killed at any step, the target comes back and the move goes on', () =>
  breakEverywhere(
    STEPS,
    killAndStart(() => world.servers[1]),
  ));

test('killed at any step, the directory comes back and the move goes on', () =>
  breakEverywhere(
    STEPS,
    killAndStart(() => world.directory),
  ));

test('cut off in the middle of any phase, the source is reached again and the move goes on', () =>
  breakEverywhere(
    CUT_STEPS,
    cutAndHeal(() => world.servers[0]),
  ));

test('cut off in the middle of any phase, the target is reached again and the move goes on', () =>
  breakEverywhere(
    CUT_STEPS,
    cutAndHeal(() => world.servers[1]),
  ));

test('cut off in the middle of any phase, the directory is reached again and the move goes on', () =>
  breakEverywhere(
    CUT_STEPS,
    cutAndHeal(() => world.directory),
  ));

test('killed at any step, the mover is followed by another that goes on', async () => {
  await whileMembersWrite(async () => {
    for (const [parity, target] of ['b', 'a'].entries()) {
      const left = STEPS.filter((_, at) => at % 2 === parity);
      let goal: 'move' | 'finish' = 'move';
      const order = () => ({ fleet: world.fleet, goal, wish: wishTo(target), limits });
      while (
        !(await runMover(order(), (step, mover) => {
          if (step !== left[0]) return;
          left.shift();
          mover.kill('SIGKILL');
        }))
      )
        goal = 'finish';
      assert.deepEqual(left, [], 'every step was reached');
    }
  });
  assert.ok(web.takenBack.includes('taken back'), 'processes took back what a dead mover had fenced');
});

test('killed at any step before the target is open, the mover is undone, and its undoing too', async () => {
  await whileMembersWrite(async () => {
    for (const [at, point] of BEFORE_OPEN.entries()) {
      const order = { fleet: world.fleet, wish: wishTo('b'), limits };
      await runMover({ ...order, goal: 'move' }, (step, mover) => {
        if (step === point) mover.kill('SIGKILL');
      });
      const undoPoint = undoSteps[at % undoSteps.length];
      await runMover({ ...order, goal: 'undo' }, (step, mover) => {
        if (step === undoPoint) mover.kill('SIGKILL');
      });
      const move = await endMove(world.fleet, 'undo', {
        limits,
        signal: new AbortController().signal,
        report: () => undefined,
      });
      assert.equal(move.state, 'undone');
      await mustBeTidy(world);
    }
  });
});
