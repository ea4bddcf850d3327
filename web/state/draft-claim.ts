/**
 * A draft belongs to one tab. Where the browser has locks it is the first that opens it, until it is closed or another one
 * is told to take it over; without them (plain http) it is the last.
 */
export type Claim = {
  /** False: another tab has it. */
  isMine: boolean;
  end: () => void;
};

/** When another tab has it: `wait` for that to be closed, `take` it, or `ask` whether it has (without locks: take it). */
export type Manner = 'wait' | 'ask' | 'take';

type ClaimOptions = {
  manner: Manner;
  /** Another tab took it. */
  onLost: () => void;
  /** The tab that had it was closed. */
  onFree: () => void;
};

export async function claimDraft(accountId: string, options: ClaimOptions): Promise<Claim> {
  const name = `pinhole.draft.${accountId}`;
  return navigator.locks ? await claimByLock(name, options) : claimByWord(name, options);
}

async function claimByLock(name: string, { manner, onLost, onFree }: ClaimOptions): Promise<Claim> {
  const waiting = new AbortController();
  const held = Promise.withResolvers<void>();
  const isMine = await new Promise<boolean>((resolve, reject) => {
    const hold = (lock: Lock | null) => {
      resolve(lock !== null);
      return lock ? held.promise : undefined;
    };
    navigator.locks
      .request(name, manner === 'take' ? { steal: true } : { ifAvailable: true }, hold)
      .catch((error) => {
        onLost();
        reject(error);
      });
  });
  // In the queue; given back at once, since whoever is told then claims it anew.
  if (!isMine)
    navigator.locks.request(name, { signal: waiting.signal }, () => undefined).then(onFree, () => undefined);
  return {
    isMine,
    end: () => {
      waiting.abort();
      held.resolve();
    },
  };
}

function claimByWord(name: string, { manner, onLost }: ClaimOptions): Claim {
  if (manner === 'wait') return { isMine: false, end: () => undefined };
  const channel = new BroadcastChannel(name);
  channel.onmessage = onLost;
  channel.postMessage('taken');
  return { isMine: true, end: () => channel.close() };
}
