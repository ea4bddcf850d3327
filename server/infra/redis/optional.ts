import { ErrorReply } from 'redis';
import { ServerDown } from '../server-down.ts';

/** For what there is another way to: undefined where Redis does not answer, or says that it will not (it is full, or busy). */
export async function whereServed<Reply>(ask: () => Promise<Reply>): Promise<Reply | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ServerDown || error instanceof ErrorReply) return undefined;
    throw error;
  }
}

/** maxmemory with noeviction: it takes nothing more, but still forgets. */
export function isFull(error: unknown): boolean {
  return error instanceof ErrorReply && /\bOOM /.test(error.message);
}
