import { useEffect, useRef } from 'react';
import { t } from '../i18n/text.ts';
import { Button } from './Button.tsx';
import { Spinner } from './Spinner.tsx';

type LoadMoreProps = {
  hasMore: boolean;
  isLoading: boolean;
  error: string | null;
  onMore: () => void;
};

/** How far below the screen the end of a list may be when the next page is asked for. */
const AHEAD = '1200px';

/** Stands at the end of a list and asks for more before it is seen. A failure stops it until the button is pressed. */
export function LoadMore({ hasMore, isLoading, error, onMore }: LoadMoreProps) {
  const ref = useRef<HTMLDivElement>(null);
  const isIdle = hasMore && !isLoading && error === null;
  useEffect(() => {
    if (!isIdle || !ref.current) return;
    const observer = new IntersectionObserver(
      (entries) => entries.some((entry) => entry.isIntersecting) && onMore(),
      { rootMargin: AHEAD },
    );
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, [isIdle, onMore]);

  if (!hasMore) return null;
  return (
    <div ref={ref} className="load-more">
      {error === null ? (
        <Spinner label={t('common.loadingMore')} />
      ) : (
        <div className="empty" role="alert">
          <p>{error}</p>
          <Button look="quiet" onClick={onMore}>
            {t('common.tryAgain')}
          </Button>
        </div>
      )}
    </div>
  );
}
