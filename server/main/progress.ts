/** What the terminal shows: plain lines, and for a step of more than two seconds what it is and how long it takes. */

const SLOW_MS = 2_000;
const TICK_MS = 1_000;

export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** A fault that the operator can mend: printed as its sentence alone. */
export class OperatorFault extends Error {
  readonly isForOperator = true;
}

export async function step<Result>(label: string, work: Promise<Result>): Promise<Result> {
  const startMs = performance.now();
  const isTerminal = process.stdout.isTTY;
  let isShown = false;
  const timer = setInterval(() => {
    const seconds = Math.round((performance.now() - startMs) / 1_000);
    if (performance.now() - startMs < SLOW_MS) return;
    if (isTerminal) process.stdout.write(`\r${label} … ${seconds} s `);
    else if (!isShown) say(`${label} …`);
    isShown = true;
  }, TICK_MS);
  try {
    return await work;
  } finally {
    clearInterval(timer);
    if (isShown && isTerminal) process.stdout.write('\n');
  }
}
