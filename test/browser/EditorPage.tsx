/** The editor alone, opened on photos that the test serves; what it tells is kept where the test can read it. */
import { lazy, StrictMode, Suspense, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { type Edits, PLAIN_EDITS } from '../../core/edits.ts';
import { preparePhoto } from '../../web/darkroom/darkroom.ts';
import type { EditorPhoto } from '../../web/editor/Editor.tsx';
import { loadMessages } from '../../web/i18n/messages.ts';
import '../../web/ui/tokens.css';
import '../../web/ui/base.css';
import '../../web/ui/controls.css';

/** `edits` by key; `ended` once Done or Cancel was pressed. */
export type EditorLog = {
  edits: Record<string, Edits>;
  changes: number;
  ended: 'done' | 'cancelled' | null;
};

const log: EditorLog = { edits: {}, changes: 0, ended: null };
Object.assign(window, { editorLog: log, preparePhoto });

const Editor = lazy(async () => {
  const [code] = await Promise.all([
    import('../../web/editor/Editor.tsx'),
    loadMessages(['common', 'editor', 'filters']),
  ]);
  return code;
});

function EditorPage({ count }: { count: number }) {
  const [photos, setPhotos] = useState<readonly EditorPhoto[]>([]);
  const [selectedKey, setSelectedKey] = useState('photo-1');
  const [isOpen, setOpen] = useState(true);
  useEffect(() => {
    const keys = Array.from({ length: count }, (_, at) => `photo-${at + 1}`);
    void Promise.all(keys.map(load)).then(setPhotos);
  }, [count]);
  log.edits = Object.fromEntries(photos.map(({ key, edits }) => [key, edits]));

  const change = (isMeant: (key: string) => boolean, edit: (edits: Edits) => Edits) => {
    log.changes += 1;
    setPhotos((all) =>
      all.map((photo) => (isMeant(photo.key) ? { ...photo, edits: edit(photo.edits) } : photo)),
    );
  };
  const end = (how: 'done' | 'cancelled') => {
    log.ended = how;
    setOpen(false);
  };
  if (!isOpen || photos.length === 0) return null;
  return (
    <Suspense>
      <Editor
        photos={photos}
        selectedKey={selectedKey}
        onSelect={setSelectedKey}
        onChange={(key, edits) =>
          change(
            (each) => each === key,
            () => edits,
          )
        }
        onUseForAll={(look) =>
          change(
            () => true,
            ({ frame }) => ({ frame, look }),
          )
        }
        doneLabel="Next"
        onDone={() => end('done')}
        onCancel={() => end('cancelled')}
      />
    </Suspense>
  );
}

async function load(key: string, at: number): Promise<EditorPhoto> {
  const file = await (await fetch(`/photos/${key}`)).blob();
  const { photo } = await preparePhoto(file);
  return { key, picture: photo, edits: PLAIN_EDITS, label: `Photo ${at + 1}` };
}

const root = document.getElementById('root');
if (!root) throw new Error('The page has no #root');
createRoot(root).render(
  <StrictMode>
    <EditorPage count={Number(new URLSearchParams(location.search).get('photos') ?? 1)} />
  </StrictMode>,
);
