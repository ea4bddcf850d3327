/** What a test file opens is closed when it ends, the last first, however it ends. Others close by hand. */
import { after } from 'node:test';

type Close = () => Promise<unknown>;
const [menders, closers]: [Close[], Close[]] = [[], []];
let isByHand = false;

/** Call it as soon as something is open. When closing one thing fails, the others are closed all the same. */
export function atEnd(close: Close): void {
  if (closers.length === 0 && !isByHand) after(closeAll);
  closers.push(close);
}

/** Before anything is closed: a test that failed may have left a fault on which closing would wait. */
export function mendAtEnd(mend: Close): void {
  menders.push(mend);
}

/** For programs that are no tests: gives what closes all that was opened. */
export function closeByHand(): Close {
  isByHand = true;
  return closeAll;
}

async function closeAll(): Promise<void> {
  const faults: unknown[] = [];
  await Promise.allSettled(menders.splice(0).map((mend) => mend()));
  for (let close = closers.pop(); close; close = closers.pop())
    await close().catch((fault) => faults.push(fault));
  if (faults.length > 0) throw faults[0];
}
