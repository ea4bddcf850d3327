import { useState } from 'react';
import { sentenceOf } from '../api/client.ts';
import { language } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';
import type { Draft } from '../state/draft.ts';
import { showToast } from '../state/toasts.ts';
import { Field, Switch } from '../ui/Field.tsx';
import { draftSaver, draftStore } from './the-draft.ts';

const MINUTE_MS = 60_000;
const FIRST_GUESS_MS = 60 * MINUTE_MS;
const ROUNDED_TO_MS = 5 * MINUTE_MS;

type ScheduleFieldProps = { draft: Draft; fault?: string | undefined };

/** Whether the post is published by itself, and when: in the member's own zone. `publishAt` is '' while no time is chosen. */
export function ScheduleField({ draft, fault }: ScheduleFieldProps) {
  const { publishAt } = draft;
  const [nowMs] = useState(Date.now);
  const turn = (isOn: boolean) => {
    const guess = Math.ceil((Date.now() + FIRST_GUESS_MS) / ROUNDED_TO_MS) * ROUNDED_TO_MS;
    draftStore.publishAt(isOn ? new Date(guess).toISOString() : null);
    if (isOn || !draft.saved?.publishAt) return;
    // From now on it waits for the member.
    draftSaver.schedule(null).catch((error) => {
      showToast(sentenceOf(error));
      draftStore.publishAt(draftStore.read().saved?.publishAt ?? null);
    });
  };
  return (
    <>
      <Switch
        label={t('composer.shareLater')}
        hint={t('composer.shareLaterHint')}
        isOn={publishAt !== null}
        onChange={turn}
      />
      {publishAt !== null && (
        <Field
          label={t('composer.publishAt')}
          type="datetime-local"
          min={localText(nowMs + MINUTE_MS)}
          value={publishAt === '' ? '' : localText(Date.parse(publishAt))}
          onChange={(event) => draftStore.publishAt(instantOf(event.target.value))}
          hint={
            publishAt !== '' && (
              <time dateTime={publishAt}>{t('composer.publishesAt', { time: momentText(publishAt) })}</time>
            )
          }
          fault={publishAt === '' ? t('composer.publishAtMissing') : fault}
        />
      )}
    </>
  );
}

/** "Monday, 30 November 2026 at 17:20". */
export function momentText(iso: string): string {
  // English as the British write it.
  const locale = language() === 'en' ? 'en-GB' : language();
  return new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'short' }).format(new Date(iso));
}

/** As the browser's field has it: the wall clock here, without a zone. */
function localText(ms: number): string {
  const offsetMs = new Date(ms).getTimezoneOffset() * MINUTE_MS;
  return new Date(ms - offsetMs).toISOString().slice(0, 'YYYY-MM-DDTHH:MM'.length);
}

function instantOf(local: string): string {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
