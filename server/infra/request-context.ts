/**
 * What belongs to one member's request, and reaches the databases without being handed through every function: how long
 * it may still wait for them, whether its answer lacks something, and what its session has written.
 * Jobs and commands have none: they wait as long as it takes, and are never answered in part.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** Waiting is counted in turns of the clock of infra/waiting.ts. */
export const TURN_MS = 100;
export const REQUEST_TURNS = 30;

export type RequestContext = {
  turnsLeft: number;
  /** On performance.now(): when a turn was last counted, so that several waits at once count once. */
  lastTurnMs: number;
  /** Something is missing in the answer, because a server did not answer. */
  isPartial: boolean;
  /** Server → how far its log had come after the session's last write there: a replica that is not as far is not read. */
  marks: Map<string, bigint>;
  /** Servers of which this request added marks, which the session is to bring with it from now on. */
  written: Set<string>;
  /** False where the session's marks are not known. */
  mayReadReplicas: boolean;
  /** Rows came from a replica: they may be older than what privacy asks for. */
  hasReadReplica: boolean;
};

const contexts = new AsyncLocalStorage<RequestContext>();

/** `marks`: null when they are not known. */
export function newRequestContext(marks: Map<string, bigint> | null): RequestContext {
  return {
    turnsLeft: REQUEST_TURNS,
    lastTurnMs: 0,
    isPartial: false,
    marks: marks ?? new Map(),
    written: new Set(),
    mayReadReplicas: marks !== null,
    hasReadReplica: false,
  };
}

export function runInContext<Result>(context: RequestContext, work: () => Result): Result {
  return contexts.run(context, work);
}

/** For what a request happens to start, and others need as well: it must not end with that request's patience. */
export function runOutsideRequests<Result>(work: () => Result): Result {
  return contexts.exit(work);
}

export function requestContext(): RequestContext | undefined {
  return contexts.getStore();
}

/** Notes that the session has written at a server whose log has come so far. */
export function noteWrite(server: string, position: bigint): void {
  const context = requestContext();
  if (!context) return;
  const before = context.marks.get(server) ?? 0n;
  if (position > before) context.marks.set(server, position);
  context.written.add(server);
}

/** What was written in the other context, for several members at once, each of them has written. */
export function addMarks(context: RequestContext, from: RequestContext): void {
  for (const [server, position] of from.marks) {
    const before = context.marks.get(server) ?? 0n;
    if (position > before) context.marks.set(server, position);
    context.written.add(server);
  }
}
