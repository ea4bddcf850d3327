/**
 * Counts what a process asks a server: a proxy in between, which counts what the process sends at once as one question. Many
 * keys or commands that go out together take the time of one.
 */
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Bench } from './system.ts';

export type QuestionCounter = { port: number; count(): number };

/** What the client asks by itself, again and again: whether the server is there, and which run of it. */
const BY_ITSELF = /^\*\d+\r\n\$4\r\n(INFO|PING)\r\n/;

export async function startQuestionCounter(bench: Bench, serverPort: number): Promise<QuestionCounter> {
  let count = 0;
  const proxy = createServer({ noDelay: true }, (client) => {
    const server = connect({ port: serverPort, host: '127.0.0.1', noDelay: true });
    client.on('data', (chunk) => {
      if (!BY_ITSELF.test(chunk.toString('latin1', 0, 40))) count++;
      server.write(chunk);
    });
    server.pipe(client);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const)
      one.on('error', () => other.destroy()).on('close', () => other.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  bench.closing.push(async () => void proxy.close());
  const address = proxy.address();
  if (address === null || typeof address === 'string') throw new Error('There is no free port.');
  return { port: address.port, count: () => count };
}
