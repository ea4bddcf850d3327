import { type FormEvent, useState } from 'react';
import { Link, useSearch } from 'wouter';
import { useSignUp } from '../api/accounts.ts';
import { AccountFields, emptyAccount, isShownAtField } from '../components/AccountFields.tsx';
import { EntranceFrame } from '../components/EntranceFrame.tsx';
import { FormError } from '../components/FormError.tsx';
import { Text } from '../i18n/Text.tsx';
import { t } from '../i18n/text.ts';
import { paths, safeReturn } from '../paths.ts';
import { Button } from '../ui/Button.tsx';
import { useTitle } from '../ui/use-title.ts';

export function SignUpPage() {
  useTitle(t('common.signUp'));
  const signUp = useSignUp();
  const [draft, setDraft] = useState(emptyAccount);
  const next = new URLSearchParams(useSearch()).get('next');
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!signUp.isPending) signUp.mutate({ ...draft, name: draft.name.trim() || undefined });
  };
  return (
    <EntranceFrame
      title={t('common.signUp')}
      text={t('entrance.signUpText')}
      foot={
        <Text
          id="entrance.hereBefore"
          values={{
            link: (
              <Link href={paths.signIn(next ? safeReturn(next) : undefined)} className="text-link strong">
                {t('common.signIn')}
              </Link>
            ),
          }}
        />
      }
    >
      <form className="form" onSubmit={submit}>
        {!isShownAtField(signUp.error) && <FormError error={signUp.error} />}
        <AccountFields draft={draft} onChange={setDraft} error={signUp.error} />
        <Button type="submit" isWide isBusy={signUp.isPending}>
          {signUp.isPending ? t('entrance.signingUp') : t('common.signUp')}
        </Button>
      </form>
    </EntranceFrame>
  );
}
