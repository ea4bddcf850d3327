import { type FormEvent, useState } from 'react';
import { Link } from 'wouter';
import { limits } from '../../core/limits.ts';
import { useAskReset, useReset } from '../api/accounts.ts';
import { faultOf } from '../api/client.ts';
import { EntranceFrame } from '../components/EntranceFrame.tsx';
import { FormError } from '../components/FormError.tsx';
import { useHashToken } from '../components/use-hash-token.ts';
import { paths } from '../paths.ts';
import { Button, buttonClass } from '../ui/Button.tsx';
import { Field } from '../ui/Field.tsx';
import { useTitle } from '../ui/use-title.ts';

export function ResetPage() {
  useTitle('Reset your password');
  const token = useHashToken();
  return token ? <NewPassword token={token} /> : <AskByMail />;
}

function AskByMail() {
  const ask = useAskReset();
  const [email, setEmail] = useState('');
  if (ask.isSuccess) {
    return (
      <EntranceFrame
        title="Look into your mail"
        text={`If ${email} belongs to an account, a link to set a new password is on its way.`}
      >
        <Link href={paths.signIn()} className={buttonClass({ isWide: true })} data-look="quiet">
          Back to sign in
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
      title="Forgot your password?"
      text="Tell us your address, and a link to set a new one comes by mail."
      foot={
        <Link href={paths.signIn()} className="text-link">
          Back to sign in
        </Link>
      }
    >
      <form className="form" onSubmit={submit}>
        {!faultOf(ask.error, 'email') && <FormError error={ask.error} />}
        <Field
          label="E-mail address"
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
          Send the link
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
      <EntranceFrame title="Your new password is set" text="All other sessions were signed out.">
        <Link href={paths.signIn()} className={buttonClass({ isWide: true })} data-look="solid">
          Sign in
        </Link>
      </EntranceFrame>
    );
  }
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!reset.isPending) reset.mutate({ token, password });
  };
  return (
    <EntranceFrame title="Set a new password">
      <form className="form" onSubmit={submit}>
        {!faultOf(reset.error, 'password') && <FormError error={reset.error} />}
        <Field
          label="New password"
          name="password"
          type="password"
          autoComplete="new-password"
          required
          minLength={limits.passwordMin}
          maxLength={limits.passwordMax}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          hint={`At least ${limits.passwordMin} characters`}
          fault={faultOf(reset.error, 'password')}
        />
        <Button type="submit" isWide isBusy={reset.isPending}>
          Set the password
        </Button>
        {reset.isError && (
          <p>
            <Link href={paths.reset()} className="text-link">
              Ask for a new link
            </Link>
          </p>
        )}
      </form>
    </EntranceFrame>
  );
}
