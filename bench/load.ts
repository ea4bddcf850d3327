/** Requests as fast as they are answered, from a process of its own (load.worker.ts). */
import { type Bench, inChild } from './system.ts';

export type LoadRequest = { method: string; path: string; token: string };
/** One list of requests for each connection, sent one after the other. */
export type LoadPlan = {
  port: number;
  lanes: LoadRequest[][];
  /** At the end of a list: begin again, or stop. */
  repeats: boolean;
  seconds: number;
};
export type LoadResult = {
  /** Answered with 200, by connection: always the first so many of its list. */
  done: number[];
  total: number;
  elapsedMs: number;
  perSecond: number;
  latenciesMs: number[];
};
export type LoadReply = Pick<LoadResult, 'done' | 'elapsedMs' | 'latenciesMs'> & { failure: string | null };

/** Throws when a request was answered with anything else than 200. */
export async function load(bench: Bench, plan: LoadPlan): Promise<LoadResult> {
  const reply = await inChild<LoadReply>(bench, new URL('./load.worker.ts', import.meta.url), plan);
  if (reply.failure !== null) throw new Error(`The load ended early: ${reply.failure}`);
  const { failure: _, ...measured } = reply;
  const total = reply.done.reduce((sum, each) => sum + each, 0);
  return { ...measured, total, perSecond: (total * 1_000) / reply.elapsedMs };
}

/** The same request on so many connections. */
export function everywhere(connections: number, request: LoadRequest): LoadRequest[][] {
  return Array.from({ length: connections }, () => [request]);
}
