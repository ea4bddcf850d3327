/** A mover as `./pinhole shard move` is one, in a process of its own, which says how long what took. */
import type { Fleet } from '../server/infra/moves/links.ts';
import { moveNext, sizeMoves, type Wish } from '../server/infra/moves/move.ts';
import type { MoveEvent, Step } from '../server/infra/moves/report.ts';

export type MoverPlan = { fleet: Fleet; wish: Wish };
export type MoverReply = {
  rows: number;
  bytes: number;
  /** Of each step, ms since the beginning, when it was reached last. */
  reachedMs: Partial<Record<Step, number>>;
  tookMs: number;
  pauses: { ms: number; isTakenBack: boolean; reason: string }[];
  waits: string[];
  /** Why it gave up; null: it ended well. */
  failure: string | null;
};

/** Where members' transactions are never short enough for the pause, waiting longer would only make the benchmark long. */
const PATIENCE_MS = 90_000;

process.once('message', async ({ fleet, wish }: MoverPlan) => {
  const sizes = (await sizeMoves(fleet, wish)).flatMap((move) => move.sizes);
  const sum = (of: 'rows' | 'bytes') => sizes.reduce((all, size) => all + size[of], 0);
  const reply: MoverReply = {
    rows: sum('rows'),
    bytes: sum('bytes'),
    reachedMs: {},
    tookMs: 0,
    pauses: [],
    waits: [],
    failure: null,
  };
  const startMs = performance.now();
  const report = (event: MoveEvent) => {
    if (event.kind === 'step') reply.reachedMs[event.step] = performance.now() - startMs;
    if (event.kind === 'pause') reply.pauses.push(event);
    if (event.kind === 'waiting') reply.waits.push(event.reason);
  };
  const given = { report, signal: new AbortController().signal, limits: { patienceMs: PATIENCE_MS } };
  await moveNext(fleet, wish, given).catch((error: Error) => {
    reply.failure = error.message;
  });
  process.send?.({ ...reply, tookMs: performance.now() - startMs });
});
process.once('disconnect', () => process.exit());
