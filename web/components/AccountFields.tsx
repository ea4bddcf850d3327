import { useState } from 'react';
import { limits } from '../../core/limits.ts';
import { handleFault } from '../../core/text.ts';
import { ApiError, faultOf, faultText, sentenceOf } from '../api/client.ts';
import { t } from '../i18n/text.ts';
import { Field } from '../ui/Field.tsx';

export type AccountDraft = { handle: string; email: string; password: string; name: string };

type AccountFieldsProps = { draft: AccountDraft; onChange: (draft: AccountDraft) => void; error: unknown };

export const emptyAccount: AccountDraft = { handle: '', email: '', password: '', name: '' };

/** The fields of a new account, with the server's sentence beside the field that it is about. */
export function AccountFields({ draft, onChange, error }: AccountFieldsProps) {
  const [leftHandle, setLeftHandle] = useState(false);
  const code = error instanceof ApiError ? error.code : '';
  const fault = leftHandle && draft.handle ? handleFault(draft.handle) : null;
  const handleProblem = fault ? faultText(fault) : undefined;
  return (
    <>
      <Field
        label={t('entrance.handle')}
        name="handle"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        dir="ltr"
        maxLength={limits.handleMax}
        value={draft.handle}
        onChange={(event) => onChange({ ...draft, handle: event.target.value.trim() })}
        onBlur={() => setLeftHandle(true)}
        hint={t('entrance.handleHint')}
        fault={
          handleProblem ??
          faultOf(error, 'handle') ??
          (code === 'handle_taken' ? sentenceOf(error) : undefined)
        }
      />
      <Field
        label={t('entrance.nameOptional')}
        name="name"
        autoComplete="name"
        maxLength={limits.nameMax}
        value={draft.name}
        onChange={(event) => onChange({ ...draft, name: event.target.value })}
        fault={faultOf(error, 'name')}
      />
      <Field
        label={t('entrance.email')}
        name="email"
        type="email"
        autoComplete="email"
        required
        dir="ltr"
        maxLength={limits.emailMax}
        value={draft.email}
        onChange={(event) => onChange({ ...draft, email: event.target.value })}
        fault={faultOf(error, 'email') ?? (code === 'email_taken' ? sentenceOf(error) : undefined)}
      />
      <Field
        label={t('entrance.password')}
        name="password"
        type="password"
        autoComplete="new-password"
        required
        minLength={limits.passwordMin}
        maxLength={limits.passwordMax}
        value={draft.password}
        onChange={(event) => onChange({ ...draft, password: event.target.value })}
        hint={t('entrance.passwordHint', { count: limits.passwordMin })}
        fault={faultOf(error, 'password')}
      />
    </>
  );
}

/** Whether the error is shown beside one of the fields above, so that it need not be shown again. */
export function isShownAtField(error: unknown): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error.code === 'handle_taken' || error.code === 'email_taken') return true;
  return ['handle', 'name', 'email', 'password'].some((name) => faultOf(error, name) !== undefined);
}
