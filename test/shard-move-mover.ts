/** A mover as a process of its own, which tests can kill: says each step that it has reached, and waits for leave to go on. */
import { once } from 'node:events';
import type { Fleet } from '../server/infra/moves/links.ts';
import { endMove, moveNext, type Wish } from '../server/infra/moves/move.ts';
import type { Limits } from '../server/infra/moves/session.ts';

export type MoverOrder = {
  fleet: Fleet;
  goal: 'move' | 'finish' | 'undo';
  wish: Wish;
  limits: Partial<Limits>;
};

const { fleet, goal, wish, limits } = JSON.parse(process.argv[2] ?? '') as MoverOrder;
const given = {
  limits,
  signal: new AbortController().signal,
  report: async (event: { kind: string }) => {
    const answer = event.kind === 'step' ? once(process, 'message') : null;
    process.send?.(event);
    await answer;
  },
};
await (goal === 'move' ? moveNext(fleet, wish, given) : endMove(fleet, goal, given));
process.disconnect();
