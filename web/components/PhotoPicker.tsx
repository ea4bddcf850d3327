import { ImagePlus } from 'lucide-react';
import {
  type ChangeEvent,
  type ReactNode,
  type RefObject,
  useCallback,
  useEffect,
  useRef,
  useState,
} from 'react';
import { limits } from '../../core/limits.ts';
import { t } from '../i18n/text.ts';
import { showToast } from '../state/toasts.ts';
import { Button } from '../ui/Button.tsx';
import { draftStore } from './the-draft.ts';

type PhotoPickerProps = {
  inputRef: RefObject<HTMLInputElement | null>;
  isEmpty: boolean;
  /** Tells the first of the photos that were just chosen. */
  onChosen: (key: string) => void;
  children: ReactNode;
};

type Take = (files: FileList | null | undefined) => void;

/** Photos can be dropped anywhere on the page, pasted, or chosen. */
export function PhotoPicker({ inputRef, isEmpty, onChosen, children }: PhotoPickerProps) {
  const [isOver, setOver] = useState(false);
  const camera = useRef<HTMLInputElement>(null);
  const take = useCallback<Take>(
    (files) => {
      const key = addPhotos([...(files ?? [])]);
      if (key) onChosen(key);
    },
    [onChosen],
  );
  useEffect(() => listenForPhotos(setOver, take), [take]);
  const onChange = (event: ChangeEvent<HTMLInputElement>) => {
    take(event.target.files);
    event.target.value = '';
  };
  return (
    <div className="picker" data-over={isOver}>
      <input
        ref={inputRef}
        type="file"
        multiple
        accept="image/*,.heic,.heif"
        className="hidden-visually"
        tabIndex={-1}
        aria-label={t('composer.photos')}
        onChange={onChange}
      />
      {isEmpty ? (
        <div className="picker-empty">
          <ImagePlus aria-hidden size={52} strokeWidth={1} />
          <p>
            <span className="for-mouse">{t('composer.dropHere')}</span>
            <span className="for-touch">{t('composer.upTo', { count: limits.photosPerPost })}</span>
          </p>
          <Button onClick={() => inputRef.current?.click()}>{t('composer.choose')}</Button>
          {/* Where the chooser of the system shows what is there, and no camera. */}
          <Button look="quiet" className="for-touch" onClick={() => camera.current?.click()}>
            {t('composer.take')}
          </Button>
          <input ref={camera} type="file" accept="image/*" capture="environment" hidden onChange={onChange} />
        </div>
      ) : (
        children
      )}
    </div>
  );
}

export function addPhotos(files: readonly Blob[]): string | null {
  if (files.length === 0) return null;
  // Some systems give no type for HEIC: only what surely is something else is left out, the server judges the rest.
  const photos = files.filter((file) => file.type === '' || file.type.startsWith('image/'));
  if (photos.length < files.length) showToast(t('composer.onlyPhotos'));
  const { firstKey, leftOut } = draftStore.add(photos);
  if (leftOut > 0) showToast(t('composer.tooMany', { count: limits.photosPerPost }));
  return firstKey;
}

function listenForPhotos(setOver: (isOver: boolean) => void, take: Take): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  document.addEventListener('paste', (event) => take(event.clipboardData?.files), { signal });
  document.addEventListener(
    'dragover',
    (event) => {
      event.preventDefault();
      setOver(event.dataTransfer?.types.includes('Files') ?? false);
    },
    { signal },
  );
  document.addEventListener('dragleave', (event) => event.relatedTarget === null && setOver(false), {
    signal,
  });
  document.addEventListener(
    'drop',
    (event) => {
      event.preventDefault();
      setOver(false);
      take(event.dataTransfer?.files);
    },
    { signal },
  );
  return () => listening.abort();
}
