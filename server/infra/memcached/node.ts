/**
 * One Memcached node, by its meta protocol, of which leases are a part (docs/decisions/0016). Every command has one answer, in
 * order, so a connection carries as many as are asked for. What is no such answer ends the connection: nobody could tell
 * which question later ones belong to.
 */
import { connect, type Socket } from 'node:net';
import { type Breaker, openBreaker } from '../breaker.ts';

export type Reply = { code: string; flags: string[]; value: string | null };
export type Node = {
  /** The answers to as many commands. Throws ServerDown. */
  ask(commands: string[]): Promise<Reply[]>;
  isDown(): boolean;
  close(): void;
};
type Asked = { left: number; replies: Reply[]; resolve(replies: Reply[]): void; reject(error: Error): void };
type Line = { socket: Socket; asked: Asked[]; received: Buffer; isEnded: boolean };

const CODES = new Set(['HD', 'VA', 'EN', 'NF', 'NS', 'EX', 'MN']);
const LINE_MAX_BYTES = 512;
const VALUE_MAX_BYTES = 2_000_000;
/** So many bytes may wait for a node that takes nothing; then it is taken for dead. */
const UNSENT_MAX_BYTES = 16e6;

export function openNode(address: { host: string; port: number }, onTurn: (isDown: boolean) => void): Node {
  let line: Line | null = null;

  function open(): Line {
    const socket = connect({ ...address, noDelay: true, keepAlive: true });
    const opened: Line = { socket, asked: [], received: Buffer.alloc(0), isEnded: false };
    const end = (reason: string) => {
      if (line === opened) line = null;
      opened.isEnded = true;
      socket.destroy();
      for (const each of opened.asked.splice(0)) each.reject(new Error(reason));
    };
    socket.on('data', (chunk) => {
      const fault = take(opened, chunk);
      if (fault) end(fault);
    });
    socket.on('error', (error) => end(error.message));
    socket.on('close', () => end('the connection was closed'));
    return opened;
  }

  function send(commands: string[]): Promise<Reply[]> {
    if (!line || line.isEnded) line = open();
    const { socket, asked } = line;
    return new Promise((resolve, reject) => {
      if (socket.writableLength > UNSENT_MAX_BYTES) return reject(new Error('it takes nothing'));
      asked.push({ left: commands.length, replies: [], resolve, reject });
      socket.write(commands.join(''));
    });
  }

  const letGo = () => {
    line?.socket.destroy();
    line = null;
  };
  const breaker: Breaker = openBreaker({
    name: `memcached ${address.host}:${address.port}`,
    // On a connection made anew: on the old one answers may still come that nobody waits for.
    probe() {
      letGo();
      return send(['mn\r\n']);
    },
    isLost: () => true,
    onTurn,
  });
  return {
    ask: (commands) => (commands.length > 0 ? breaker.on(() => send(commands)) : Promise.resolve([])),
    isDown: breaker.isDown,
    close() {
      breaker.close();
      letGo();
    },
  };
}

/** Reads what is complete; gives what is wrong with it, or null. */
function take(line: Line, chunk: Buffer): string | null {
  line.received = line.received.length > 0 ? Buffer.concat([line.received, chunk]) : chunk;
  let at = 0;
  for (;;) {
    const end = line.received.indexOf('\r\n', at);
    if (end < 0) {
      if (line.received.length - at > LINE_MAX_BYTES) return 'an answer without an end';
      break;
    }
    const [code = '', ...flags] = line.received.toString('latin1', at, end).split(' ');
    const [asked] = line.asked;
    if (!CODES.has(code) || !asked) return `an answer that is none: ${code.slice(0, 40)}`;
    let value: string | null = null;
    let next = end + 2;
    if (code === 'VA') {
      const size = Number(flags.shift());
      if (!Number.isInteger(size) || size < 0 || size > VALUE_MAX_BYTES) return 'a value without a size';
      if (line.received.length < next + size + 2) break;
      value = line.received.toString('utf8', next, next + size);
      next += size;
      if (line.received.toString('latin1', next, next + 2) !== '\r\n') return 'a value of another size';
      next += 2;
    }
    at = next;
    asked.replies.push({ code, flags, value });
    if (--asked.left > 0) continue;
    line.asked.shift();
    asked.resolve(asked.replies);
  }
  line.received = line.received.subarray(at);
  return null;
}
