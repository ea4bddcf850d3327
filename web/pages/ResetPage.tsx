import { type FormEvent, useState } from 'react';
import { Link } from 'wouter';
import { limits } from '../../core/limits.ts';
import { useAskReset, useReset } from '../api/accounts.ts';
import { faultOf } from '../api/client.ts';
import { EntranceFrame } from '../components/EntranceFrame.tsx';
import { FormError } from '../components/FormError.tsx';
import { useHashToken } from '../components/use-hash-token.ts';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { Button, buttonClass } from '../ui/Button.tsx';
import { Field } from '../ui/Field.tsx';
import { useTitle } from '../ui/use-title.ts';

export function ResetPage() {
  useTitle(t('entrance.resetTitle'));
  const token = useHashToken();
  return token ? <NewPassword token={token} /> : <AskByMail />;
}

function AskByMail() {
  const ask = useAskReset();
  const [email, setEmail] = useState('');
  if (ask.isSuccess) {
    return (
      <EntranceFrame title={t('entrance.lookIntoMail')} text={t('entrance.resetSent', { email })}>
        <Link href={paths.signIn()} className={buttonClass({ isWide: true })} data-look="quiet">
          {t('entrance.backToSignIn')}
        </Link>
      </EntranceFrame>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!ask.isPending) ask.mutate(email.trim());
  };
  return (
    <EntranceFrame
      title={t('entrance.forgot')}
      text={t('entrance.resetText')}
      foot={
        <Link href={paths.signIn()} className="text-link">
          {t('entrance.backToSignIn')}
        </Link>
      }
    >
      <form className="form" onSubmit={submit}>
        {!faultOf(ask.error, 'email') && <FormError error={ask.error} />}
        <Field
          label={t('entrance.email')}
          name="email"
          type="email"
          autoComplete="email"
          required
          dir="ltr"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
          fault={faultOf(ask.error, 'email')}
        />
        <Button type="submit" isWide isBusy={ask.isPending}>
          {t('entrance.sendLink')}
        </Button>
      </form>
    </EntranceFrame>
  );
}

function NewPassword({ token }: { token: string }) {
  const reset = useReset();
  const [password, setPassword] = useState('');
  if (reset.isSuccess) {
    return (
      <EntranceFrame title={t('entrance.passwordSet')} text={t('entrance.passwordSetText')}>
        <Link href={paths.signIn()} className={buttonClass({ isWide: true })} data-look="solid">
          {t('common.signIn')}
        </Link>
      </EntranceFrame>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!reset.isPending) reset.mutate({ token, password });
  };
  return (
    <EntranceFrame title={t('entrance.setPasswordTitle')}>
      <form className="form" onSubmit={submit}>
        {!faultOf(reset.error, 'password') && <FormError error={reset.error} />}
        <Field
          label={t('entrance.newPassword')}
          name="password"
          type="password"
          autoComplete="new-password"
          required
          minLength={limits.passwordMin}
          maxLength={limits.passwordMax}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          hint={t('entrance.passwordHint', { count: limits.passwordMin })}
          fault={faultOf(reset.error, 'password')}
        />
        <Button type="submit" isWide isBusy={reset.isPending}>
          {t('entrance.setPassword')}
        </Button>
        {reset.isError && (
          <p>
            <Link href={paths.reset()} className="text-link">
              {t('entrance.askNewLink')}
            </Link>
          </p>
        )}
      </form>
    </EntranceFrame>
  );
}
