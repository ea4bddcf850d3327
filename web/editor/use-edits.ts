import { useState } from 'react';
import type { Edits, Frame, Look } from '../../core/edits.ts';
import type { EditorPhoto } from './Editor.tsx';
import { areSame, type History, NO_HISTORY, record, redo, undo } from './history.ts';

export type Editing = ReturnType<typeof useEdits>;

/**
 * The edits of the selected photo. While a control is moved they are only shown (`slide`); once it is let go they are
 * told to whoever opened the editor (`settle`), and can be undone.
 */
export function useEdits(photo: EditorPhoto, onChange: (key: string, edits: Edits) => void) {
  const [live, setLive] = useState<{ key: string; edits: Edits } | null>(null);
  const [histories, setHistories] = useState<Readonly<Record<string, History>>>({});
  const history = histories[photo.key] ?? NO_HISTORY;
  const isSliding = live?.key === photo.key;
  const edits = isSliding ? live.edits : photo.edits;

  const slide = (change: Partial<Edits>) => setLive({ key: photo.key, edits: { ...photo.edits, ...change } });

  const settle = (control: string | null, change: { frame?: Frame; look?: Look }) => {
    setLive(null);
    const next = { ...photo.edits, ...change };
    if (areSame(next, photo.edits)) return;
    remember(photo, control);
    onChange(photo.key, next);
  };

  const remember = ({ key, edits: before }: EditorPhoto, control: string | null) =>
    setHistories((all) => ({
      ...all,
      [key]: record(all[key] ?? NO_HISTORY, before, control, performance.now()),
    }));

  const step = (taken: { history: History; edits: Edits } | null) => {
    if (!taken || isSliding) return;
    setHistories((all) => ({ ...all, [photo.key]: taken.history }));
    onChange(photo.key, taken.edits);
  };

  return {
    edits,
    /** As it was before the control that is being moved. */
    settled: photo.edits,
    isSliding,
    slide,
    settle,
    /** For changes that are made to other photos than the selected one. */
    remember,
    undo: history.past.length > 0 ? () => step(undo(history, photo.edits)) : null,
    redo: history.future.length > 0 ? () => step(redo(history, photo.edits)) : null,
  };
}
