/** A TCP connection to a server that the test can cut at any byte, and lay again. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after } from 'node:test';

export async function openWire(target: string) {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let isCut = false;
  let sentBytes = 0;
  let cutAtBytes = Number.POSITIVE_INFINITY;
  let unanswered: string | null = null;

  const cut = () => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((client) => {
    if (isCut) return client.destroy();
    const upstream = connect(Number(port), hostname);
    let isUnanswered = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.on('data', (chunk) => {
      const room = Math.max(0, cutAtBytes - sentBytes);
      sentBytes += Math.min(room, chunk.length);
      if (unanswered !== null && chunk.includes(unanswered)) {
        unanswered = null;
        isUnanswered = true;
      }
      upstream.write(chunk.subarray(0, room));
      // What was let through arrives, then the wire breaks.
      if (room < chunk.length) upstream.end(cut);
    });
    upstream.on('data', (chunk) => {
      if (isUnanswered) cut();
      else client.write(chunk);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => {
    cut();
    server.close();
  });

  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What the browser has sent, headers included. */
    sentBytes: () => sentBytes,
    isCut: () => isCut,
    cut,
    /** Breaks after so many more bytes from the browser. */
    cutAfter: (bytes: number) => {
      cutAtBytes = sentBytes + bytes;
    },
    /** Lets the next request that begins so through, and breaks instead of answering it. */
    cutBeforeReplyTo: (start: string) => {
      unanswered = start;
    },
    mend: () => {
      isCut = false;
      cutAtBytes = Number.POSITIVE_INFINITY;
    },
  };
}
