import { t } from '../i18n/text.ts';

type SpinnerProps = { label?: string; isPage?: boolean };

/** `isPage`: it stands for the whole page, which has its heading from it. */
export function Spinner({ label = t('common.loading'), isPage = false }: SpinnerProps) {
  const Label = isPage ? 'h1' : 'span';
  return (
    <div className="spinner" role="status">
      <Label className="hidden-visually">{label}</Label>
      <span className="spinner-ring" />
      <span className="spinner-slow" aria-hidden>
        {t('common.slowly')}
      </span>
    </div>
  );
}
