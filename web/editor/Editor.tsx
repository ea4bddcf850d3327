/**
 * The photo editor: covers the window, dark whatever the theme, so that a photo is judged against the same grey each
 * time. Edits are data (core/edits.ts); the picture itself is never changed.
 */

import { useEffect, useEffectEvent, useId, useRef, useState } from 'react';
import type { Edits, Look } from '../../core/edits.ts';
import type { Size } from '../../core/frame.ts';
import { measurePhoto } from '../darkroom/darkroom.ts';
import { t } from '../i18n/text.ts';
import { AdjustPanel } from './AdjustPanel.tsx';
import { CropTool } from './CropTool.tsx';
import { EditorHead } from './EditorHead.tsx';
import { FilterPanel } from './FilterPanel.tsx';
import { LookStage } from './LookStage.tsx';
import { PhotoChoice } from './PhotoChoice.tsx';
import { type Tool, ToolTabs, toolPanel } from './ToolTabs.tsx';
import { type Editing, useEdits } from './use-edits.ts';
import './editor.css';

/** `picture` is upright and whole, at most 2,048 px on its long side. `label` names the photo, e.g. "Photo 2". */
export type EditorPhoto = { key: string; picture: Blob; edits: Edits; label: string };

type EditorProps = {
  /** One, or those of the carousel. */
  photos: readonly EditorPhoto[];
  selectedKey: string;
  onSelect: (key: string) => void;
  /** Every settled change, also by undo and redo. */
  onChange: (key: string, edits: Edits) => void;
  /** This look for all photos. */
  onUseForAll: (look: Look) => void;
  doneLabel: string;
  onDone: () => void;
  /** Back, the cross, Escape. */
  onCancel: () => void;
};

export default function Editor(props: EditorProps) {
  const { photos, selectedKey } = props;
  const photo = photos.find(({ key }) => key === selectedKey) ?? photos[0];
  return photo ? <EditorDialog {...props} photo={photo} /> : null;
}

function EditorDialog({ photo, ...props }: EditorProps & { photo: EditorPhoto }) {
  const { photos, onSelect, onChange, onUseForAll, doneLabel, onDone, onCancel } = props;
  const titleId = useId();
  const dialog = useModal();
  const [tool, setTool] = useState<Tool>('filter');
  const [isComparing, setComparing] = useState(false);
  const editing = useEdits(photo, onChange);

  const spreadLook = () => {
    for (const other of photos) if (other !== photo) editing.remember(other, null);
    onUseForAll(editing.settled.look);
  };
  useSteps(editing);

  return (
    <dialog
      ref={dialog}
      className="photo-editor"
      aria-labelledby={titleId}
      data-many={photos.length > 1}
      onCancel={(event) => {
        event.preventDefault();
        onCancel();
      }}
      onClose={() => {
        // The browser closes a dialog at the second Escape, whatever we say; who opened us decides.
        dialog.current?.showModal();
        onCancel();
      }}
    >
      <h2 id={titleId} className="hidden-visually">
        {t('editor.title', { photo: photo.label })}
      </h2>
      <EditorHead
        editing={editing}
        onCompare={tool === 'crop' ? null : setComparing}
        doneLabel={doneLabel}
        onDone={onDone}
        onCancel={onCancel}
      />
      {/* Before its panel, as one hears it; where they stand is for the style sheet to say. */}
      <ToolTabs tool={tool} onChoose={setTool} />
      <ToolArea
        key={photo.key}
        tool={tool}
        photo={photo}
        editing={editing}
        isComparing={isComparing}
        onCompare={setComparing}
      />
      {photos.length > 1 && (
        <PhotoChoice
          photos={photos}
          selectedKey={photo.key}
          look={editing.settled.look}
          onSelect={onSelect}
          onUseForAll={spreadLook}
        />
      )}
    </dialog>
  );
}

type ToolAreaProps = {
  tool: Tool;
  photo: EditorPhoto;
  editing: Editing;
  isComparing: boolean;
  onCompare: (isComparing: boolean) => void;
};

/** The stage and the panel of the chosen tool. */
function ToolArea({ tool, photo, editing, isComparing, onCompare }: ToolAreaProps) {
  const size = useSize(photo);
  if (size === 'unreadable') {
    return (
      <p className="editor-stage editor-failure" role="alert">
        {t('editor.unreadable')}
      </p>
    );
  }
  if (tool === 'crop') {
    if (!size) return <div className="editor-stage" aria-busy />;
    return <CropTool photo={photo} size={size} editing={editing} />;
  }
  return (
    <>
      <LookStage photo={photo} editing={editing} isComparing={isComparing} onCompare={onCompare} />
      <div key={tool} className="editor-panel" {...toolPanel(tool)}>
        {tool === 'filter' ? (
          <FilterPanel photo={photo} editing={editing} />
        ) : (
          <AdjustPanel editing={editing} />
        )}
      </div>
    </>
  );
}

function useSize({ key, picture }: EditorPhoto): Size | 'unreadable' | null {
  const [size, setSize] = useState<Size | 'unreadable' | null>(null);
  useEffect(() => {
    let isStale = false;
    const tell = (found: Size | 'unreadable') => {
      if (!isStale) setSize(found);
    };
    measurePhoto(key, picture).then(tell, () => tell('unreadable'));
    return () => {
      isStale = true;
    };
  }, [key, picture]);
  return size;
}

/** The browser keeps the focus inside; it returns afterwards to where it was. */
function useModal() {
  const ref = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    ref.current?.showModal();
    ref.current?.querySelector<HTMLElement>('[role="tab"][aria-selected="true"]')?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus({ preventScroll: true });
    };
  }, []);
  return ref;
}

/** Wherever the focus is: a press on the photo takes it away from the dialog. */
function useSteps(editing: Editing): void {
  const onKeyDown = useEffectEvent((event: KeyboardEvent) => {
    const step = stepOf(event);
    if (!step) return;
    event.preventDefault();
    editing[step]?.();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => onKeyDown(event);
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, []);
}

/** Ctrl or Cmd with Z undoes, with Shift and Z, or with Y, does again. */
function stepOf(event: KeyboardEvent): 'undo' | 'redo' | null {
  if (!event.ctrlKey && !event.metaKey) return null;
  const key = event.key.toLowerCase();
  if (key === 'y') return 'redo';
  if (key !== 'z') return null;
  return event.shiftKey ? 'redo' : 'undo';
}
