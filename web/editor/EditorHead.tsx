import { Redo2, SquareSplitHorizontal, Undo2, X } from 'lucide-react';
import { t } from '../i18n/text.ts';
import { Button, IconButton } from '../ui/Button.tsx';
import type { Editing } from './use-edits.ts';
import { useHold } from './use-hold.ts';

type EditorHeadProps = {
  editing: Editing;
  /** Null where there is nothing to compare. */
  onCompare: ((isComparing: boolean) => void) | null;
  doneLabel: string;
  onDone: () => void;
  onCancel: () => void;
};

/** Undo and redo keep the focus when there is nothing left to do: they say so, but are not taken away. */
export function EditorHead({ editing, onCompare, doneLabel, onDone, onCancel }: EditorHeadProps) {
  const { isHeld, ...hold } = useHold((held) => onCompare?.(held));
  return (
    <header className="editor-head">
      <IconButton label={t('common.cancel')} onClick={onCancel}>
        <X aria-hidden size={24} />
      </IconButton>
      <div className="editor-steps">
        <IconButton
          label={t('editor.undo')}
          aria-keyshortcuts="Control+Z Meta+Z"
          aria-disabled={!editing.undo}
          onClick={() => editing.undo?.()}
        >
          <Undo2 aria-hidden className="mirrored" size={22} />
        </IconButton>
        <IconButton
          label={t('editor.redo')}
          aria-keyshortcuts="Control+Shift+Z Meta+Shift+Z"
          aria-disabled={!editing.redo}
          onClick={() => editing.redo?.()}
        >
          <Redo2 aria-hidden className="mirrored" size={22} />
        </IconButton>
        <IconButton label={t('editor.compare')} disabled={!onCompare} aria-pressed={isHeld} {...hold}>
          <SquareSplitHorizontal aria-hidden size={22} />
        </IconButton>
      </div>
      <Button isSmall onClick={onDone}>
        {doneLabel}
      </Button>
    </header>
  );
}
