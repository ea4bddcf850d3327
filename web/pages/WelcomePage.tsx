import { Link } from 'wouter';
import { Camera } from '../components/Camera.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { buttonClass } from '../ui/Button.tsx';
import { useTitle } from '../ui/use-title.ts';
import { Wordmark } from '../ui/Wordmark.tsx';
import '../components/entrance.css';

export function WelcomePage() {
  useTitle(undefined);
  return (
    <div className="welcome">
      <Camera />
      <div className="welcome-words">
        <Wordmark height={34} />
        <h1>{t('entrance.promise')}</h1>
        <p className="muted">{t('entrance.promiseText')}</p>
        <div className="welcome-links">
          <Link href={paths.signUp()} className={buttonClass({ isWide: true })} data-look="solid">
            {t('common.signUp')}
          </Link>
          <Link href={paths.signIn()} className={buttonClass({ isWide: true })} data-look="quiet">
            {t('common.signIn')}
          </Link>
        </div>
      </div>
    </div>
  );
}
