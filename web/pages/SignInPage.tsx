import { type FormEvent, useState } from 'react';
import { Link, useSearch } from 'wouter';
import { useSignIn } from '../api/accounts.ts';
import { EntranceFrame } from '../components/EntranceFrame.tsx';
import { FormError } from '../components/FormError.tsx';
import { Text } from '../i18n/Text.tsx';
import { t } from '../i18n/text.ts';
import { paths, safeReturn } from '../paths.ts';
import { Button } from '../ui/Button.tsx';
import { Field } from '../ui/Field.tsx';
import { useTitle } from '../ui/use-title.ts';

export function SignInPage() {
  useTitle(t('common.signIn'));
  const signIn = useSignIn();
  const next = new URLSearchParams(useSearch()).get('next');
  const [login, setLogin] = useState('');
  const [password, setPassword] = useState('');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!signIn.isPending) signIn.mutate({ login: login.trim(), password });
  };
  return (
    <EntranceFrame
      title={t('common.signIn')}
      text={next ? t('common.signInFirst') : undefined}
      foot={
        <Text
          id="entrance.newHere"
          values={{
            link: (
              <Link href={paths.signUp(next ? safeReturn(next) : undefined)} className="text-link strong">
                {t('common.signUp')}
              </Link>
            ),
          }}
        />
      }
    >
      <form className="form" onSubmit={submit}>
        <FormError error={signIn.error} />
        <Field
          label={t('entrance.login')}
          name="login"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          required
          dir="ltr"
          value={login}
          onChange={(event) => setLogin(event.target.value)}
        />
        <Field
          label={t('entrance.password')}
          name="password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Button type="submit" isWide isBusy={signIn.isPending}>
          {signIn.isPending ? t('entrance.signingIn') : t('common.signIn')}
        </Button>
        <p>
          <Link href={paths.reset()} className="text-link muted">
            {t('entrance.forgot')}
          </Link>
        </p>
      </form>
    </EntranceFrame>
  );
}
