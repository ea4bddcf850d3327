import { useState } from 'react';
import type { Me } from '../../server/features/accounts/schema.ts';
import { useResendConfirmation } from '../api/accounts.ts';
import { Button } from '../ui/Button.tsx';

/** Until the address is confirmed; can be put away for this visit. */
export function EmailNotice({ me }: { me: Me }) {
  const resend = useResendConfirmation();
  const [isAway, setAway] = useState(false);
  if (me.emailConfirmed || isAway) return null;
  return (
    <aside className="notice email-notice" aria-label="Confirm your e-mail address">
      <p>
        {resend.isSuccess
          ? `A new link is on its way to ${me.email}.`
          : `Please confirm your address: a link was sent to ${me.email}.`}
      </p>
      <div className="email-notice-actions">
        {!resend.isSuccess && (
          <Button look="plain" isBusy={resend.isPending} onClick={() => resend.mutate()}>
            Send again
          </Button>
        )}
        <Button look="plain" onClick={() => setAway(true)}>
          Later
        </Button>
      </div>
    </aside>
  );
}
