import { Link } from 'wouter';
import { useConfirmEmail } from '../api/accounts.ts';
import { EntranceFrame } from '../components/EntranceFrame.tsx';
import { FormError } from '../components/FormError.tsx';
import { useHashToken } from '../components/use-hash-token.ts';
import { paths } from '../paths.ts';
import { Button, buttonClass } from '../ui/Button.tsx';
import { useTitle } from '../ui/use-title.ts';

/** A press confirms, not the visit: programs that look through mail follow links too. */
export function ConfirmPage() {
  useTitle('Confirm your address');
  const token = useHashToken();
  const confirm = useConfirmEmail();
  if (confirm.isSuccess) {
    return (
      <EntranceFrame title="Your address is confirmed" text="Thank you. All is set.">
        <Link href={paths.home()} className={buttonClass({ isWide: true })} data-look="solid">
          Go to Pinhole
        </Link>
      </EntranceFrame>
    );
  }
  return (
    <EntranceFrame
      title="Confirm your address"
      text={
        token
          ? 'One press, and your e-mail address is confirmed.'
          : 'Open the link in the mail that we sent you.'
      }
    >
      <FormError error={confirm.error} />
      {token && (
        <Button isWide isBusy={confirm.isPending} onClick={() => confirm.mutate(token)}>
          Confirm
        </Button>
      )}
    </EntranceFrame>
  );
}
