/**
 * Everything that waits for one database server, so that nothing waits for ever: a server that is dead, cut off or slow is
 * found out within a second, whatever waits for it is told so, and what comes later is told at once, until it answers again.
 *
 * Suspicion comes from use: something has waited for four turns, or a connection broke. The verdict is that of a probe of
 * its own, so that a slow statement alone accuses nobody. Turns are counted, not measured: while this process itself stands
 * still they stand still too.
 */
import { type RequestContext, requestContext, TURN_MS } from './request-context.ts';
import { isConnectionLost, ServerDown } from './server-down.ts';

const SUSPECT_TURNS = 4;
const PROBE_TURNS = 8;
const PROBE_EVERY_TURNS = 5;
const TIMER_EARLY_MS = 5;
/** So many may wait for one server: of a server that is alive but takes up nothing, this bounds what piles up here. */
const WAITS_MAX = 5_000;
const TOO_LONG = 'a request has waited as long for databases as it may';

type Wait = { sinceTurn: number; context: RequestContext | undefined; give(error: ServerDown): void };

export type Waiting = {
  /** Throws ServerDown at once while the server is known to be down; otherwise no later than that is found out. */
  on<Result>(work: () => Promise<Result>): Promise<Result>;
  isDown(): boolean;
  close(): void;
};

/** A request may wait for several servers at once, whose clocks all come by: each turn counts once. */
function countTurn(context: RequestContext): void {
  const nowMs = performance.now();
  if (nowMs - context.lastTurnMs < TURN_MS - TIMER_EARLY_MS) return;
  context.lastTurnMs = nowMs;
  context.turnsLeft--;
}

export function openWaiting(options: {
  server: string;
  /** Asks the server something on a connection of its own. */
  probe(): { answer: Promise<void>; giveUp(): void };
  /** Lets go of all connections. */
  onDown(): void;
  onUp(): void;
}): Waiting {
  const { server } = options;
  const waits = new Set<Wait>();
  let timer: NodeJS.Timeout | undefined;
  let turn = 1;
  let isDown = false;
  let isClosed = false;
  let probing: { sinceTurn: number; giveUp(): void } | null = null;
  let lastProbeTurn = 0;

  function tick(): void {
    turn++;
    for (const wait of waits) {
      const { context } = wait;
      if (context) countTurn(context);
      if (context && context.turnsLeft <= 0) end(wait, TOO_LONG);
    }
    const [oldest] = waits;
    const isSuspect = isDown || (oldest !== undefined && turn - oldest.sinceTurn >= SUSPECT_TURNS);
    if (probing && turn - probing.sinceTurn >= PROBE_TURNS) {
      probing.giveUp();
      judge(false);
    } else if (!probing && isSuspect && turn - lastProbeTurn >= PROBE_EVERY_TURNS) probe();
    if (waits.size === 0 && !probing && !isDown) rest();
  }

  function watch(): void {
    if (isClosed) return;
    timer ??= setInterval(tick, TURN_MS).unref();
  }

  function rest(): void {
    clearInterval(timer);
    timer = undefined;
  }

  function probe(): void {
    watch();
    lastProbeTurn = turn;
    const { answer, giveUp } = options.probe();
    const mine = { sinceTurn: turn, giveUp };
    probing = mine;
    const say = (isUp: boolean) => {
      if (probing === mine) judge(isUp);
    };
    answer.then(
      () => say(true),
      () => say(false),
    );
  }

  function judge(isUp: boolean): void {
    probing = null;
    if (isUp === !isDown || isClosed) return;
    isDown = !isUp;
    if (isUp) {
      options.onUp();
      return;
    }
    for (const wait of waits) end(wait, 'does not answer');
    options.onDown();
  }

  function end(wait: Wait, reason: string): void {
    waits.delete(wait);
    wait.give(new ServerDown(server, reason));
  }

  return {
    on(work) {
      const context = requestContext();
      if (isDown) return Promise.reject(new ServerDown(server, 'does not answer'));
      if (context && context.turnsLeft <= 0) return Promise.reject(new ServerDown(server, TOO_LONG));
      if (waits.size >= WAITS_MAX) return Promise.reject(new ServerDown(server, 'too many wait for it'));
      return new Promise((resolve, reject) => {
        const wait: Wait = { sinceTurn: turn, context, give: reject };
        waits.add(wait);
        watch();
        work().then(
          (result) => {
            waits.delete(wait);
            resolve(result);
          },
          (error: unknown) => {
            waits.delete(wait);
            const isLost = isConnectionLost(error);
            if (isLost && !isDown && !probing && !isClosed) probe();
            reject(isLost ? new ServerDown(server, 'the connection broke', { cause: error }) : error);
          },
        );
      });
    },
    isDown: () => isDown,
    close() {
      isClosed = true;
      probing?.giveUp();
      rest();
    },
  };
}
