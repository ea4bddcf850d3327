/**
 * HTTP/1.1 over bare sockets, kept alive: a client that costs a tenth of the server's work, so that on two cores the
 * server is measured and not the client. It understands what our server sends: replies with a content-length.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { LoadPlan, LoadReply, LoadRequest } from './load.ts';

const ANSWER_MAX_MS = 20_000;
const HEAD_END = Buffer.from('\r\n\r\n');

process.once('message', async (plan: LoadPlan) => {
  process.send?.(await run(plan));
});
process.once('disconnect', () => process.exit());

async function run(plan: LoadPlan): Promise<LoadReply> {
  const connections = await Promise.all(plan.lanes.map(() => openConnection(plan.port)));
  const reply: LoadReply = { done: plan.lanes.map(() => 0), elapsedMs: 0, latenciesMs: [], failure: null };
  const startMs = performance.now();
  const endMs = startMs + plan.seconds * 1_000;
  const lane = async (requests: LoadRequest[], at: number) => {
    const exchange = connections[at];
    const heads = requests.map((request) => Buffer.from(headOf(request)));
    for (let turn = 0; exchange && (plan.repeats || turn < heads.length); turn++) {
      const sentMs = performance.now();
      if (sentMs >= endMs || reply.failure !== null) break;
      const status = await exchange(heads[turn % heads.length] ?? HEAD_END);
      if (status !== 200) throw new Error(`${headOf(requests[turn % heads.length])} was answered ${status}`);
      reply.latenciesMs.push(performance.now() - sentMs);
      reply.done[at] = (reply.done[at] ?? 0) + 1;
    }
  };
  await Promise.all(
    plan.lanes.map((requests, at) =>
      lane(requests, at).catch((error: Error) => {
        reply.failure ??= error.message;
      }),
    ),
  );
  reply.elapsedMs = performance.now() - startMs;
  return reply;
}

function headOf(request: LoadRequest | undefined): string {
  return request
    ? `${request.method} ${request.path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer ${request.token}\r\n\r\n`
    : '';
}

/** Gives a function that sends one request and resolves to the status, once all of the body is there. */
async function openConnection(port: number): Promise<(request: Buffer) => Promise<number>> {
  const socket: Socket = connect({ port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  let waiting: PromiseWithResolvers<number> | null = null;
  let received: Buffer = Buffer.alloc(0);
  let missing = -1;
  let status = 0;
  const fail = (error: Error) => waiting?.reject(error);
  socket.setTimeout(ANSWER_MAX_MS, () => fail(new Error(`no answer within ${ANSWER_MAX_MS / 1_000} s`)));
  socket.on('error', fail).on('close', () => fail(new Error('the server closed the connection')));
  socket.on('data', (chunk) => {
    if (missing < 0) {
      received = received.length > 0 ? Buffer.concat([received, chunk]) : chunk;
      const headEnd = received.indexOf(HEAD_END);
      if (headEnd < 0) return;
      const head = received.subarray(0, headEnd).toString('latin1');
      status = Number(head.slice(9, 12));
      const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1];
      if (length === undefined) return fail(new Error('an answer without a content-length'));
      missing = Number(length) - (received.length - headEnd - HEAD_END.length);
      received = Buffer.alloc(0);
    } else missing -= chunk.length;
    if (missing > 0) return;
    missing = -1;
    waiting?.resolve(status);
  });
  return (request) => {
    waiting = Promise.withResolvers<number>();
    socket.write(request);
    return waiting.promise;
  };
}
