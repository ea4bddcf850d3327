import { ArrowLeft } from 'lucide-react';
import { useLocation } from 'wouter';
import { t } from '../i18n/text.ts';
import { canGoBack } from '../navigation.ts';
import { IconButton } from '../ui/Button.tsx';

type BackHeaderProps = { title: string; fallback: string };

/** The title of a page below another. Back is the history's if we came from here, else the page above. */
export function BackHeader({ title, fallback }: BackHeaderProps) {
  const [, navigate] = useLocation();
  return (
    <header className="page-head">
      <IconButton
        label={t('common.back')}
        onClick={() => (canGoBack() ? history.back() : navigate(fallback))}
      >
        <ArrowLeft aria-hidden className="mirrored" size={24} strokeWidth={1.75} />
      </IconButton>
      <h1>{title}</h1>
    </header>
  );
}
