import { useDataExport } from '../../api/data-export.ts';
import { t } from '../../i18n/text.ts';
import { showToast } from '../../state/toasts.ts';
import { Button } from '../../ui/Button.tsx';
import { megabytes } from '../../ui/size.ts';

export function DataSection() {
  const { start, isRunning, bytes } = useDataExport(() => showToast(t('settings.dataDone')));
  return (
    <>
      <p>{t('settings.dataText')}</p>
      <ul className="settings-points">
        <li>{t('settings.dataAccount')}</li>
        <li>{t('settings.dataPosts')}</li>
        <li>{t('settings.dataActions')}</li>
        <li>{t('settings.dataPeople')}</li>
      </ul>
      <div>
        <Button isBusy={isRunning} onClick={() => start()}>
          {isRunning ? t('settings.downloading') : t('settings.download')}
        </Button>
      </div>
      <p className="muted" aria-live="off">
        {bytes > 0 ? t('settings.downloaded', { size: megabytes(bytes) }) : t('settings.dataHint')}
      </p>
    </>
  );
}
