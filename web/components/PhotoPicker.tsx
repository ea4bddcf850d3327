import { ImagePlus } from 'lucide-react';
import { type DragEvent, type ReactNode, type RefObject, useEffect, useState } from 'react';
import { limits } from '../../core/limits.ts';
import { showToast } from '../state/toasts.ts';
import { Button } from '../ui/Button.tsx';
import { draftStore } from './the-draft.ts';

type PhotoPickerProps = {
  inputRef: RefObject<HTMLInputElement | null>;
  isEmpty: boolean;
  children: ReactNode;
};

/** Photos can be dropped anywhere on the page, pasted, or chosen. */
export function PhotoPicker({ inputRef, isEmpty, children }: PhotoPickerProps) {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const paste = (event: ClipboardEvent) => take(event.clipboardData?.files);
    document.addEventListener('paste', paste);
    return () => document.removeEventListener('paste', paste);
  }, []);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    take(event.dataTransfer.files);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra; the button below is for everybody
    <div
      className="picker"
      data-over={isOver}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) =>
        event.currentTarget.contains(event.relatedTarget as Node | null) || setOver(false)
      }
      onDrop={drop}
    >
      <input
        ref={inputRef}
        type="file"
        multiple
        accept="image/*,.heic,.heif"
        className="hidden-visually"
        tabIndex={-1}
        aria-label="Photos"
        onChange={(event) => {
          take(event.target.files);
          event.target.value = '';
        }}
      />
      {isEmpty ? (
        <div className="picker-empty">
          <ImagePlus aria-hidden size={52} strokeWidth={1} />
          <p>
            <span className="for-mouse">Drop photos here, paste them, or</span>
            <span className="for-touch">Up to {limits.photosPerPost} photos, in their own shape</span>
          </p>
          <Button onClick={() => inputRef.current?.click()}>Choose photos</Button>
        </div>
      ) : (
        children
      )}
    </div>
  );
}

function take(list: FileList | null | undefined): void {
  const files = [...(list ?? [])];
  if (files.length === 0) return;
  // Some systems give no type for HEIC: only what surely is something else is left out, the server judges the rest.
  const photos = files.filter((file) => file.type === '' || file.type.startsWith('image/'));
  if (photos.length < files.length) showToast('Only photos can be shared.');
  if (draftStore.add(photos) > 0)
    showToast(`A post holds ${limits.photosPerPost} photos: the others were left out.`);
}
