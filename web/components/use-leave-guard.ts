import { useLayoutEffect, useState } from 'react';
import { setLeaveGuard } from '../navigation.ts';

/** While there is something to lose: the answer to "may we leave?" once it was asked, else null. */
export function useLeaveGuard(isActive: boolean): ((mayLeave: boolean) => void) | null {
  const [answer, setAnswer] = useState<((mayLeave: boolean) => void) | null>(null);
  // In the layout phase: gone before a redirect to sign-in, which keeps the draft, would be asked about it.
  useLayoutEffect(() => {
    if (!isActive) return;
    setLeaveGuard(
      () =>
        new Promise((resolve) =>
          setAnswer(() => (mayLeave: boolean) => {
            setAnswer(null);
            if (mayLeave) setLeaveGuard(null);
            resolve(mayLeave);
          }),
        ),
    );
    return () => setLeaveGuard(null);
  }, [isActive]);
  return answer;
}
