import { type FormEvent, useState } from 'react';
import { Link, useSearch } from 'wouter';
import { useSignUp } from '../api/accounts.ts';
import { AccountFields, emptyAccount, isShownAtField } from '../components/AccountFields.tsx';
import { EntranceFrame } from '../components/EntranceFrame.tsx';
import { FormError } from '../components/FormError.tsx';
import { paths, safeReturn } from '../paths.ts';
import { Button } from '../ui/Button.tsx';
import { useTitle } from '../ui/use-title.ts';

export function SignUpPage() {
  useTitle('Sign up');
  const signUp = useSignUp();
  const [draft, setDraft] = useState(emptyAccount);
  const next = new URLSearchParams(useSearch()).get('next');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!signUp.isPending) signUp.mutate({ ...draft, name: draft.name.trim() || undefined });
  };
  return (
    <EntranceFrame
      title="Sign up"
      text="It takes a minute. A link to confirm your address comes by mail."
      foot={
        <>
          Here before?{' '}
          <Link href={paths.signIn(next ? safeReturn(next) : undefined)} className="text-link strong">
            Sign in
          </Link>
        </>
      }
    >
      <form className="form" onSubmit={submit}>
        {!isShownAtField(signUp.error) && <FormError error={signUp.error} />}
        <AccountFields draft={draft} onChange={setDraft} error={signUp.error} />
        <Button type="submit" isWide isBusy={signUp.isPending}>
          {signUp.isPending ? 'Signing up…' : 'Sign up'}
        </Button>
      </form>
    </EntranceFrame>
  );
}
