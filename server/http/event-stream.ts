/**
 * Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): a reply that does not end. What a
 * reader does not take is not kept for it: it is cut off, comes again, and is told what it missed.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';

export type EventStream = {
  /** `id`: where the reader goes on after a broken connection; null: where it would have gone on before. */
  send(type: string, data: object, id: string | null): void;
  /** A comment, so that nobody on the way takes the connection for dead. */
  beat(): void;
  end(): void;
  onClose(then: () => void): void;
};

const RETRY_MS = 3_000;
const UNREAD_MAX_BYTES = 256 * 1024;
const KEEP_ALIVE_MS = 30_000;

export function openEventStream(request: FastifyRequest, reply: FastifyReply): EventStream {
  reply.hijack();
  const { raw } = reply;
  request.raw.socket.setKeepAlive(true, KEEP_ALIVE_MS);
  request.raw.socket.setNoDelay(true);
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) raw.setHeader(name, value);
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    // A connection that goes on after a stream would keep the server from its end.
    connection: 'close',
  });
  raw.on('error', () => undefined);
  function write(text: string): void {
    if (raw.destroyed || raw.writableEnded) return;
    raw.write(text);
    if (raw.writableLength > UNREAD_MAX_BYTES) raw.destroy();
  }
  write(`retry: ${RETRY_MS}\n\n`);
  return {
    // JSON has no line break inside.
    send: (type, data, id) =>
      write(`${id === null ? '' : `id: ${id}\n`}event: ${type}\ndata: ${JSON.stringify(data)}\n\n`),
    beat: () => write(':\n\n'),
    end: () => {
      if (!raw.writableEnded) raw.end();
    },
    onClose: (then) => void raw.once('close', then),
  };
}
