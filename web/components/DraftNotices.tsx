import { AppWindow } from 'lucide-react';
import { Button } from '../ui/Button.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { draftKeeper, useKeeping } from './the-draft.ts';

export function KeptNotice() {
  const { wasKept } = useKeeping();
  if (!wasKept) return null;
  return (
    <p className="notice kept-notice" role="status">
      Your draft was kept. It is on this device only.
      <Button look="plain" onClick={draftKeeper.welcome}>
        OK
      </Button>
    </p>
  );
}

export function DraftElsewhere() {
  return (
    <EmptyState
      icon={AppWindow}
      title="Your draft is open in another tab"
      text="So that nothing is sent twice, only one tab works on it."
    >
      <Button onClick={() => void draftKeeper.takeOver()}>Go on here</Button>
    </EmptyState>
  );
}
