/**
 * How long the event loop of a running Node process keeps its callers waiting: asked of the process itself, through its
 * debugger, which every Node opens on SIGUSR1. So the product needs no code for it.
 */
import { once } from 'node:events';
import { OperatorFault } from '../server/main/progress.ts';
import { type Bench, until } from './system.ts';

const DEBUGGER = 'http://127.0.0.1:9229/json/list';
const OPEN_MAX_MS = 5_000;
/** A timer of one millisecond is late by the delay: the least it can show is one millisecond. */
const WATCH =
  'globalThis.benchDelay = process.getBuiltinModule("node:perf_hooks").monitorEventLoopDelay({ resolution: 1 });' +
  'globalThis.benchDelay.enable()';
const READ = 'globalThis.benchDelay.percentile(99) / 1e6';

/** From now on; the function gives the 99th percentile until then, in ms. */
export async function watchEventLoop(bench: Bench, pid: number): Promise<() => Promise<number>> {
  process.kill(pid, 'SIGUSR1');
  const address = await until(OPEN_MAX_MS, 'the debugger answers', findDebugger);
  const socket = new WebSocket(address);
  await once(socket, 'open');
  bench.closing.push(async () => socket.close());
  if ((await evaluate(socket, 'process.pid')) !== pid)
    throw new OperatorFault('Another process is being debugged on port 9229.');
  await evaluate(socket, WATCH);
  return () => evaluate(socket, READ);
}

async function findDebugger(): Promise<string | null> {
  const reply = await fetch(DEBUGGER).catch(() => null);
  const [target] = reply?.ok ? ((await reply.json()) as { webSocketDebuggerUrl: string }[]) : [];
  return target?.webSocketDebuggerUrl ?? null;
}

async function evaluate(socket: WebSocket, expression: string): Promise<number> {
  const answered = once(socket, 'message');
  socket.send(
    JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression, returnByValue: true } }),
  );
  const [{ data }] = (await answered) as [MessageEvent<string>];
  const { result } = JSON.parse(data) as { result: { result: { value?: unknown } } };
  return Number(result.result.value);
}
