import { ImagePlus } from 'lucide-react';
import { Link } from 'wouter';
import type { Me } from '../../server/features/accounts/schema.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { Button, buttonClass } from '../ui/Button.tsx';
import { EmailNotice } from './EmailNotice.tsx';
import { Suggestions } from './Suggestions.tsx';
import './post.css';

type WelcomeMemberProps = { me: Me; onReady: () => void };

/** The feed of somebody who follows nobody, or nobody with photos yet. */
export function WelcomeMember({ me, onReady }: WelcomeMemberProps) {
  return (
    <div className="page narrow welcome-member">
      <EmailNotice me={me} />
      <h1 dir="auto">{t('feed.welcome', { name: me.name || me.handle })}</h1>
      <p className="muted">{t('feed.welcomeText')}</p>
      <p>
        <Link href={paths.newPost()} className={buttonClass({})} data-look="quiet">
          <ImagePlus aria-hidden size={20} />
          {t('feed.sharePhoto')}
        </Link>
      </p>
      <Suggestions title={t('feed.couldFollow')} />
      {me.followingCount > 0 && (
        <Button isWide onClick={onReady}>
          {t('feed.showFeed')}
        </Button>
      )}
    </div>
  );
}
