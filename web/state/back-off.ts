const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

type Trying = {
  signal: AbortSignal;
  /** Whether it is worth another try by itself, after so many. */
  isPassing: (error: unknown, tries: number) => boolean;
  onPause?: (error: unknown) => void;
  pause?: typeof pauseBefore;
};

/** Tries until it succeeds. Rejects with what is not passing, or with the signal's reason. */
export async function keepTrying<Result>(attempt: () => Promise<Result>, trying: Trying): Promise<Result> {
  const { signal, isPassing, onPause, pause = pauseBefore } = trying;
  for (let tries = 1; ; tries++) {
    signal.throwIfAborted();
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (!isPassing(error, tries)) throw error;
      onPause?.(error);
      await pause(tries, signal);
    }
  }
}

/** Twice as long each time, up to half a minute. */
export function backOffMs(tries: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(tries - 1, 10));
}

export function pauseBefore(tries: number, signal: AbortSignal): Promise<void> {
  return pauseFor(backOffMs(tries), signal);
}

/** Or until the browser says that it is online again. Resolves at once when the signal is aborted. */
export function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      window.removeEventListener('online', end);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    window.addEventListener('online', end);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}
