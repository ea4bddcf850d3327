import { type FormEvent, useState } from 'react';
import { Redirect } from 'wouter';
import { useMe, useSetUpAdmin, useSetup } from '../api/accounts.ts';
import { faultOf } from '../api/client.ts';
import { AccountFields, emptyAccount, isShownAtField } from '../components/AccountFields.tsx';
import { EntranceFrame } from '../components/EntranceFrame.tsx';
import { FormError } from '../components/FormError.tsx';
import { t } from '../i18n/text.ts';
import { paths } from '../paths.ts';
import { Button } from '../ui/Button.tsx';
import { Field } from '../ui/Field.tsx';
import { useTitle } from '../ui/use-title.ts';

/** The first visitor, who started the server and so can read the code in its terminal, becomes the admin. */
export function SetupPage() {
  useTitle(t('entrance.setUp'));
  const me = useMe();
  const setup = useSetup(true);
  const setUp = useSetUpAdmin();
  const [code, setCode] = useState('');
  const [draft, setDraft] = useState(emptyAccount);
  if (me || setup.data?.needsAdmin === false) return <Redirect to={paths.home()} replace />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!setUp.isPending) setUp.mutate({ ...draft, code: code.trim(), name: draft.name.trim() || undefined });
  };
  const codeFault = faultOf(setUp.error, 'code');
  return (
    <EntranceFrame title={t('entrance.isRunning')} text={t('entrance.isRunningText')}>
      <form className="form" onSubmit={submit}>
        {!isShownAtField(setUp.error) && !codeFault && <FormError error={setUp.error} />}
        <Field
          label={t('entrance.setupCode')}
          name="code"
          autoComplete="one-time-code"
          autoCapitalize="none"
          spellCheck={false}
          required
          dir="ltr"
          value={code}
          onChange={(event) => setCode(event.target.value)}
          hint={t('entrance.setupCodeHint')}
          fault={codeFault}
        />
        <AccountFields draft={draft} onChange={setDraft} error={setUp.error} />
        <Button type="submit" isWide isBusy={setUp.isPending}>
          {setUp.isPending ? t('entrance.makingFirst') : t('entrance.makeFirst')}
        </Button>
      </form>
    </EntranceFrame>
  );
}
