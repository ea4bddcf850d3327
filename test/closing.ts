/** What a test file opens is closed when it ends, the last first, however it ends. */
import { after } from 'node:test';

const closers: (() => Promise<unknown>)[] = [];

/** Call it as soon as something is open. When closing one thing fails, the others are closed all the same. */
export function atEnd(close: () => Promise<unknown>): void {
  if (closers.length === 0) after(closeAll);
  closers.push(close);
}

async function closeAll(): Promise<void> {
  const faults: unknown[] = [];
  for (let close = closers.pop(); close; close = closers.pop())
    await close().catch((fault) => faults.push(fault));
  if (faults.length > 0) throw faults[0];
}
