import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { Wordmark } from '../ui/Wordmark.tsx';
import './entrance.css';

type EntranceFrameProps = { title: string; text?: ReactNode; children: ReactNode; foot?: ReactNode };

/** What stands around the forms before one is signed in. */
export function EntranceFrame({ title, text, children, foot }: EntranceFrameProps) {
  return (
    <div className="entrance">
      <Link href={paths.home()} aria-label={t('common.brandHome')} className="entrance-brand">
        <Wordmark height={34} />
      </Link>
      <div className="entrance-card">
        <div className="entrance-title">
          <h1>{title}</h1>
          {text && <p className="muted">{text}</p>}
        </div>
        {children}
      </div>
      {foot && <p className="muted entrance-foot">{foot}</p>}
    </div>
  );
}
