/** A proxy before a real S3 store that fails on demand, as stores and the way to them do. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import type { S3Address } from '../server/config.ts';

/**
 * error: answers 500. hang: takes the request and never answers. cut: breaks the connection within the body. short:
 * ends within the body and says that this is all. wrong: changes one byte of the body. trickle: a byte at a time.
 * skew: refuses the
 * time of the request and gives none of its own. garble: changes one byte of what is sent to the store. swallow: says yes to a write, and does nothing.
 */
type Fault = 'error' | 'hang' | 'cut' | 'short' | 'wrong' | 'trickle' | 'skew' | 'garble' | 'swallow';
type Rule = { fault: Fault; times: number; of: (call: string) => boolean };

const TRICKLE_MS = 50;

export async function startStoreProxy(store: S3Address) {
  const target = new URL(store.endpoint);
  const rules: Rule[] = [];
  const calls: string[] = [];
  let underWay = 0;
  const server = createServer(async (asked, answer) => {
    const call = `${asked.method} ${asked.url}`;
    calls.push(call);
    underWay += 1;
    answer.once('close', () => {
      underWay -= 1;
    });
    const rule = rules.find(({ of, times }) => times > 0 && of(call));
    if (rule) rule.times -= 1;
    await pass(asked, answer, target, rule?.fault).catch(() => answer.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  const port = typeof bound === 'object' ? bound?.port : undefined;
  return {
    /** The same bucket, by way of the proxy. */
    address: { ...store, endpoint: `http://127.0.0.1:${port}` },
    /** `of` is part of what is asked, like "PUT " or "?uploads"; without `times`, always. */
    fails(fault: Fault, of: string, times = Number.POSITIVE_INFINITY): void {
      rules.unshift({ fault, times, of: (call) => call.includes(of) });
    },
    works(): void {
      rules.splice(0);
    },
    /** What was asked since the last time, as "METHOD /path". */
    takeCalls: (): string[] => calls.splice(0),
    /** How many answers have not ended. */
    underWay: (): number => underWay,
    async stop(): Promise<void> {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function pass(asked: IncomingMessage, answer: ServerResponse, target: URL, fault?: Fault) {
  const body = await buffer(asked);
  if (fault === 'hang') return;
  if (fault === 'error' || fault === 'skew') {
    const [status, code] = fault === 'error' ? [500, 'InternalError'] : [403, 'RequestTimeTooSkewed'];
    answer.sendDate = fault === 'error';
    answer.writeHead(status, { 'content-type': 'application/xml' });
    answer.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>No.</Message></Error>`);
    return;
  }
  if (fault === 'swallow') {
    answer.writeHead(200, { 'content-type': 'application/xml', etag: '"00000000000000000000000000000000"' });
    answer.end(asked.method === 'POST' ? '<CompleteMultipartUploadResult/>' : '');
    return;
  }
  if (fault === 'garble') body.writeUInt8(body.readUInt8(0) ^ 1, 0);
  const forwarded = request({
    host: target.hostname,
    port: target.port,
    method: asked.method,
    path: asked.url,
    headers: asked.headers,
  });
  forwarded.end(body);
  const [reply] = (await once(forwarded, 'response')) as [IncomingMessage];
  await send(reply, await buffer(reply), answer, fault);
}

async function send(reply: IncomingMessage, bytes: Buffer, answer: ServerResponse, fault?: Fault) {
  const half = bytes.subarray(0, Math.floor(bytes.length / 2));
  answer.writeHead(reply.statusCode ?? 500, {
    ...reply.headers,
    ...(fault === 'short' ? { 'content-length': half.length } : {}),
  });
  if (fault === 'cut') answer.write(half, () => answer.destroy());
  else if (fault === 'short') answer.end(half);
  else if (fault === 'trickle') await trickle(answer, bytes);
  else {
    if (fault === 'wrong') bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
    answer.end(bytes);
  }
}

async function trickle(answer: ServerResponse, bytes: Buffer): Promise<void> {
  for (const byte of bytes) {
    if (answer.destroyed) return;
    answer.write(Buffer.of(byte));
    await new Promise((resolve) => setTimeout(resolve, TRICKLE_MS));
  }
  answer.end();
}
