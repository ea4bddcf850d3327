/** What a test file opens is closed when it ends, the last first, however it ends. Others close by hand. */
import { after } from 'node:test';

type Close = () => Promise<unknown>;
type Closer = { close: Close; opened: Error };
const [menders, closers]: [Close[], Closer[]] = [[], []];
let isByHand = false;

/** Of one thing: the longest that is bounded by itself, the jobs of a process, has 20 s. */
const CLOSE_MAX_MS = 45_000;

/** Call it as soon as something is open. When closing one thing fails, the others are closed all the same. */
export function atEnd(close: Close): void {
  if (closers.length === 0 && !isByHand) after(closeAll);
  closers.push({ close, opened: new Error(`This was not closed within ${CLOSE_MAX_MS / 1_000} s.`) });
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
  const [mended, late] = [menders.splice(0), new Error('This was not mended in time.')];
  await Promise.allSettled(mended.map((mend) => inTime(mend, late)));
  for (let each = closers.pop(); each; each = closers.pop())
    await inTime(each.close, each.opened).catch((fault) => faults.push(fault));
  if (faults.length > 0) throw faults[0];
}

/** What waits for ever waits for something that is closed after it, such as a server that hangs: so the others have their turn. */
async function inTime(work: Close, late: Error): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const ending = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late), CLOSE_MAX_MS);
  });
  await Promise.race([work(), ending]).finally(() => clearTimeout(timer));
}
