import { AppWindow } from 'lucide-react';
import type { ReactNode } from 'react';
import { t } from '../i18n/text.ts';
import { isEmptyDraft } from '../state/draft.ts';
import { Button } from '../ui/Button.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import {
  discardDraft,
  draftKeeper,
  draftSaver,
  isDraftSafe,
  putDraftAside,
  useDraft,
  useKeeping,
  useSaving,
} from './the-draft.ts';

/** What became of the draft: kept in this browser, changed or gone elsewhere; and what can be done about it. */
export function DraftNotices() {
  const { wasKept, isKept } = useKeeping();
  const saving = useSaving();
  const draft = useDraft();
  if (saving.kind === 'changed') {
    return (
      <Notice text={t('composer.draftChanged')}>
        <Button look="plain" onClick={() => void draftSaver.takeNewer()}>
          {t('composer.useNewer')}
        </Button>
        <Button look="plain" onClick={() => void draftSaver.keepMine()}>
          {t('composer.keepMine')}
        </Button>
      </Notice>
    );
  }
  if (saving.kind === 'gone') {
    return (
      <Notice text={t('composer.draftGone')}>
        <Button look="plain" onClick={draftSaver.keepHere}>
          {t('composer.keepHere')}
        </Button>
        <Button look="plain" onClick={discardDraft}>
          {t('composer.discard')}
        </Button>
      </Notice>
    );
  }
  if (!isKept && !isDraftSafe()) return <Notice text={t('composer.notKept')} />;
  if (!wasKept || isEmptyDraft(draft)) return null;
  return (
    <Notice text={t('composer.kept')}>
      {draft.saved && isDraftSafe() && (
        <Button look="plain" onClick={putDraftAside}>
          {t('composer.startNew')}
        </Button>
      )}
      <Button look="plain" onClick={draftKeeper.welcome}>
        {t('composer.ok')}
      </Button>
    </Notice>
  );
}

function Notice({ text, children }: { text: string; children?: ReactNode }) {
  return (
    <div className="notice kept-notice">
      <p role="status">{text}</p>
      {children && <span>{children}</span>}
    </div>
  );
}

/** Whether the server has it, in one line. */
export function SavingLine() {
  const saving = useSaving();
  const draft = useDraft();
  if (draft.photos.length === 0) return null;
  const text =
    saving.kind === 'unsaved'
      ? t('composer.draftUnsaved', { reason: saving.reason })
      : saving.kind === 'saving'
        ? t('composer.saving')
        : saving.kind === 'idle' && draft.saved && !draftSaver.isBehind()
          ? t('composer.draftSaved')
          : '';
  return (
    <p className="muted saving-line" role="status">
      {text}
    </p>
  );
}

export function DraftElsewhere() {
  return (
    <EmptyState icon={AppWindow} title={t('composer.elsewhere')} text={t('composer.elsewhereText')}>
      <Button onClick={() => void draftKeeper.takeOver()}>{t('composer.goOnHere')}</Button>
    </EmptyState>
  );
}
