/**
 * For what the product can do without (Redis, Memcached): nothing waits for it longer than a quarter of a second, and once it
 * has answered nothing for so long, nobody waits at all until a probe is answered again. As in infra/waiting.ts turns of a
 * clock are counted, not measured: while this process itself stands still they stand still too.
 */
import { ServerDown } from './server-down.ts';

export type Breaker = {
  /** Throws ServerDown. What is still under way then may be done all the same. */
  on<Result>(work: () => Promise<Result>): Promise<Result>;
  isDown(): boolean;
  close(): void;
};

type Wait = { sinceTurn: number; give(error: ServerDown): void };

const TURN_MS = 50;
const PATIENCE_TURNS = 5;
const PROBE_EVERY_TURNS = 4;
const NO_ANSWER = 'does not answer';

export function openBreaker(options: {
  name: string;
  probe(): Promise<unknown>;
  /** The connection is lost: it was no answer to what was asked. */
  isLost(error: unknown): boolean;
  onTurn?(isDown: boolean): void;
}): Breaker {
  const waits = new Set<Wait>();
  let timer: NodeJS.Timeout | undefined;
  let turn = 1;
  let lastAnswerTurn = 0;
  let lastProbeTurn = 0;
  let isDown = false;
  let isClosed = false;

  function tick(): void {
    turn++;
    for (const wait of waits) {
      if (turn - wait.sinceTurn <= PATIENCE_TURNS) break;
      waits.delete(wait);
      wait.give(new ServerDown(options.name, NO_ANSWER));
      if (lastAnswerTurn < wait.sinceTurn) open();
    }
    if (isDown && turn - lastProbeTurn >= PROBE_EVERY_TURNS) probe();
    if (waits.size > 0 || isDown) return;
    clearInterval(timer);
    timer = undefined;
  }

  function watch(): void {
    if (!isClosed) timer ??= setInterval(tick, TURN_MS).unref();
  }

  function open(): void {
    if (isDown || isClosed) return;
    isDown = true;
    lastProbeTurn = turn;
    watch();
    for (const wait of waits) wait.give(new ServerDown(options.name, NO_ANSWER));
    waits.clear();
    options.onTurn?.(true);
  }

  function probe(): void {
    lastProbeTurn = turn;
    options.probe().then(
      () => {
        if (!isDown || isClosed) return;
        isDown = false;
        options.onTurn?.(false);
      },
      () => undefined,
    );
  }

  return {
    on(work) {
      if (isDown || isClosed) return Promise.reject(new ServerDown(options.name, NO_ANSWER));
      return new Promise((resolve, reject) => {
        const wait: Wait = { sinceTurn: turn, give: reject };
        waits.add(wait);
        watch();
        work().then(
          (result) => {
            waits.delete(wait);
            lastAnswerTurn = turn;
            resolve(result);
          },
          (error: unknown) => {
            waits.delete(wait);
            if (!options.isLost(error)) {
              lastAnswerTurn = turn;
              return reject(error);
            }
            open();
            reject(new ServerDown(options.name, 'the connection broke', { cause: error }));
          },
        );
      });
    },
    isDown: () => isDown,
    close() {
      isClosed = true;
      clearInterval(timer);
      for (const wait of waits) wait.give(new ServerDown(options.name, 'was closed'));
      waits.clear();
    },
  };
}
