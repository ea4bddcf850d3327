import { CircleAlert } from 'lucide-react';
import { sentenceOf } from '../api/client.ts';
import { t } from '../i18n/text.ts';
import { Button } from '../ui/Button.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';

type LoadErrorProps = { error: unknown; isPage?: boolean; onRetry: () => void };

export function LoadError({ error, isPage = false, onRetry }: LoadErrorProps) {
  return (
    <div role="alert">
      <EmptyState
        icon={CircleAlert}
        title={t('common.couldNotLoad')}
        text={sentenceOf(error)}
        isPage={isPage}
      >
        <Button look="quiet" onClick={onRetry}>
          {t('common.tryAgain')}
        </Button>
      </EmptyState>
    </div>
  );
}
