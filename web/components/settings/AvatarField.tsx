import { useEffect, useRef, useState } from 'react';
import { PLAIN_EDITS } from '../../../core/edits.ts';
import type { Me } from '../../../server/features/accounts/schema.ts';
import { useSetAvatar } from '../../api/accounts.ts';
import { prepareAvatar, previewPhoto } from '../../darkroom/darkroom.ts';
import { t } from '../../i18n/text.ts';
import { showToast } from '../../state/toasts.ts';
import { Avatar } from '../../ui/Avatar.tsx';
import { Button } from '../../ui/Button.tsx';
import { FormError } from '../FormError.tsx';

type AvatarFieldProps = { me: Me; onSaved?: () => void };

/** A chosen photo is cut to its middle square and shown before it is used. */
export function AvatarField({ me, onSaved }: AvatarFieldProps) {
  const save = useSetAvatar();
  const input = useRef<HTMLInputElement>(null);
  const [square, setSquare] = useState<Blob | null>(null);

  const choose = async (file: File | undefined) => {
    if (!file) return;
    save.reset();
    try {
      setSquare((await prepareAvatar(file)).photo);
    } catch {
      // This browser cannot read it (HEIC, for instance); the server may.
      setSquare(file);
    }
  };
  const use = (wanted: Blob | null) =>
    save.mutate(wanted, {
      onSuccess: () => {
        setSquare(null);
        showToast(wanted ? t('settings.pictureSaved') : t('settings.pictureRemoved'));
        if (wanted) onSaved?.();
      },
    });

  return (
    <div className="avatar-field">
      {square ? (
        <SquarePreview square={square} />
      ) : (
        <Avatar url={me.avatarUrl} name={me.name || me.handle} size={88} />
      )}
      <div className="avatar-field-side">
        <FormError error={save.error} />
        <input
          ref={input}
          type="file"
          accept="image/*,.heic,.heif"
          className="hidden-visually"
          tabIndex={-1}
          aria-label={t('settings.picture')}
          onChange={(event) => {
            void choose(event.target.files?.[0]);
            event.target.value = '';
          }}
        />
        {square ? (
          <div className="button-row">
            <Button isBusy={save.isPending} onClick={() => use(square)}>
              {t('settings.usePicture')}
            </Button>
            <Button look="quiet" onClick={() => setSquare(null)}>
              {t('common.cancel')}
            </Button>
          </div>
        ) : (
          <div className="button-row">
            <Button look="quiet" onClick={() => input.current?.click()}>
              {t(me.avatarUrl ? 'settings.changePicture' : 'settings.choosePicture')}
            </Button>
            {me.avatarUrl && (
              <Button look="plain" isBusy={save.isPending} onClick={() => use(null)}>
                {t('common.remove')}
              </Button>
            )}
          </div>
        )}
      </div>
    </div>
  );
}

const PREVIEW_SIDE = 264;
let previews = 0;

function SquarePreview({ square }: { square: Blob }) {
  const ref = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    previews += 1;
    const show = async () => {
      const bitmap = await previewPhoto(`avatar-${previews}`, square, PREVIEW_SIDE, PLAIN_EDITS);
      if (ref.current) {
        ref.current.width = bitmap.width;
        ref.current.height = bitmap.height;
        ref.current.getContext('2d')?.drawImage(bitmap, 0, 0);
      }
      bitmap.close();
    };
    show().catch(() => undefined);
  }, [square]);
  return (
    <canvas
      ref={ref}
      className="avatar-preview"
      width={1}
      height={1}
      role="img"
      aria-label={t('settings.newPicture')}
    />
  );
}
