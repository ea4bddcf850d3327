/** The connections of a pool at hand, so that all of them can be let go at once when nothing will come through them any more. */
import { Socket } from 'node:net';

export function openSockets() {
  const open = new Set<Socket>();
  return {
    /** For pg's `stream`. */
    make(): Socket {
      const socket = new Socket();
      open.add(socket);
      socket.once('close', () => open.delete(socket));
      return socket;
    },
    destroyAll(): void {
      for (const socket of open) socket.destroy();
    },
  };
}
