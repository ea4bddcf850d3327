import { useQueryClient } from '@tanstack/react-query';
import { ArrowUp } from 'lucide-react';
import { useState, useSyncExternalStore } from 'react';
import { bringNewPosts } from '../api/new-posts.ts';
import { t } from '../i18n/text.ts';
import { readNewPosts, subscribeToNewPosts } from '../state/new-posts.ts';
import { Button } from '../ui/Button.tsx';

/** Says that there are newer posts; they come when it is pressed, and never under the finger. */
export function NewPostsPill({ onBrought }: { onBrought: () => void }) {
  const client = useQueryClient();
  const count = useSyncExternalStore(subscribeToNewPosts, readNewPosts, readNewPosts);
  const [isBusy, setBusy] = useState(false);
  const bring = async () => {
    setBusy(true);
    if (await bringNewPosts(client)) onBrought();
    setBusy(false);
  };
  return (
    <div className="new-posts" role="status">
      {count > 0 && (
        <Button look="solid" isBusy={isBusy} onClick={() => void bring()}>
          <ArrowUp aria-hidden size={16} /> {t('feed.newPosts', { count })}
        </Button>
      )}
    </div>
  );
}
