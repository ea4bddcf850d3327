import type { PagesQuery } from '../api/pages.ts';
import { t } from '../i18n/text.ts';
import { Button } from '../ui/Button.tsx';

type PartialNoticeProps = { pages: Pick<PagesQuery<unknown>, 'isPartial' | 'isFetching' | 'refetch'> };

/** A part of the network does not answer: what is there is shown, and that something is missing is said. */
export function PartialNotice({ pages }: PartialNoticeProps) {
  if (!pages.isPartial) return null;
  return (
    <div className="notice partial-notice" role="status">
      <p>{t('common.partial')}</p>
      <Button look="plain" isBusy={pages.isFetching} onClick={() => void pages.refetch()}>
        {t('common.loadAgain')}
      </Button>
    </div>
  );
}
