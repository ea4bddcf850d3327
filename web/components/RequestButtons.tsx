import type { AccountWithRelationship } from '../../core/shapes.ts';
import { ApiError } from '../api/client.ts';
import { useAnswerRequest } from '../api/graph.ts';
import { t } from '../i18n/text.ts';
import { Button } from '../ui/Button.tsx';
import { FollowButton } from './FollowButton.tsx';

/** Accept or decline; what was decided stands in their place afterwards. */
export function RequestButtons({ account }: { account: AccountWithRelationship }) {
  const answer = useAnswerRequest(account);
  const isAnswered = answer.isSuccess || account.relationship.followsYou;
  const isWithdrawn = answer.error instanceof ApiError && answer.error.status === 404;
  if (isAnswered && answer.variables !== false) return <FollowButton account={account} isSmall />;
  if (isAnswered || isWithdrawn)
    return <span className="muted">{isWithdrawn ? t('profile.noLongerOpen') : t('profile.declined')}</span>;
  return (
    <span className="request-buttons">
      <Button
        isSmall
        isBusy={answer.isPending}
        aria-label={t('profile.acceptNamed', { handle: account.handle })}
        onClick={() => answer.mutate(true)}
      >
        {t('profile.accept')}
      </Button>
      <Button
        look="quiet"
        isSmall
        isBusy={answer.isPending}
        aria-label={t('profile.declineNamed', { handle: account.handle })}
        onClick={() => answer.mutate(false)}
      >
        {t('profile.decline')}
      </Button>
    </span>
  );
}
