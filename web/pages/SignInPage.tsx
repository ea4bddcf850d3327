import { type FormEvent, useState } from 'react';
import { Link, useSearch } from 'wouter';
import { useSignIn } from '../api/accounts.ts';
import { EntranceFrame } from '../components/EntranceFrame.tsx';
import { FormError } from '../components/FormError.tsx';
import { paths, safeReturn } from '../paths.ts';
import { Button } from '../ui/Button.tsx';
import { Field } from '../ui/Field.tsx';
import { useTitle } from '../ui/use-title.ts';

export function SignInPage() {
  useTitle('Sign in');
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
      title="Sign in"
      text={next ? 'Sign in to go on.' : undefined}
      foot={
        <>
          New here?{' '}
          <Link href={paths.signUp(next ? safeReturn(next) : undefined)} className="text-link strong">
            Sign up
          </Link>
        </>
      }
    >
      <form className="form" onSubmit={submit}>
        <FormError error={signIn.error} />
        <Field
          label="Handle or e-mail address"
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
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        <Button type="submit" isWide isBusy={signIn.isPending}>
          {signIn.isPending ? 'Signing in…' : 'Sign in'}
        </Button>
        <p>
          <Link href={paths.reset()} className="text-link muted">
            Forgot your password?
          </Link>
        </p>
      </form>
    </EntranceFrame>
  );
}
