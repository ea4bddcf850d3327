import { type RefObject, useEffect, useRef } from 'react';
import { type Frame, PLAIN_LOOK } from '../../core/edits.ts';
import { FILTER_NAMES, type FilterName } from '../../core/look/filters.ts';
import { previewPhoto } from '../darkroom/darkroom.ts';
import { putOn } from '../darkroom/put-on.ts';
import { t } from '../i18n/text.ts';
import type { EditorPhoto } from './Editor.tsx';
import { Slider } from './Slider.tsx';
import type { Editing } from './use-edits.ts';

const TILE_SIDE = 168;

export function FilterPanel({ photo, editing }: { photo: EditorPhoto; editing: Editing }) {
  const { edits, settled, slide, settle } = editing;
  const { filter, strength } = edits.look;
  const choose = (chosen: FilterName) =>
    settle('filter', { look: { ...settled.look, filter: chosen, strength: PLAIN_LOOK.strength } });
  return (
    <>
      <div className="editor-slot">
        {filter === 'none' ? (
          <p className="editor-hint muted">{t('editor.chooseFilter')}</p>
        ) : (
          <Slider
            label={t('editor.strength')}
            value={strength}
            min={0}
            max={100}
            rest={PLAIN_LOOK.strength}
            onSlide={(value) => slide({ look: { ...settled.look, strength: value } })}
            onSettle={(value) => settle('strength', { look: { ...settled.look, strength: value } })}
          />
        )}
      </div>
      <FilterTiles
        photoKey={photo.key}
        picture={photo.picture}
        frame={settled.frame}
        chosen={filter}
        onChoose={choose}
      />
    </>
  );
}

type FilterTilesProps = {
  photoKey: string;
  picture: Blob;
  frame: Frame;
  chosen: FilterName;
  onChoose: (filter: FilterName) => void;
};

/** Every filter, tried on this very photo. */
function FilterTiles({ photoKey, picture, frame, chosen, onChoose }: FilterTilesProps) {
  const tiles = useRef<HTMLFieldSetElement>(null);
  useTiles(tiles, photoKey, picture, frame);
  useEffect(() => {
    const tile = tiles.current?.querySelector(`[data-filter="${chosen}"]`);
    tile?.closest('label')?.scrollIntoView({ block: 'nearest', inline: 'center', behavior: 'smooth' });
  }, [chosen]);
  return (
    <fieldset ref={tiles} className="editor-filters">
      <legend className="hidden-visually">{t('editor.filter')}</legend>
      {FILTER_NAMES.map((filter) => (
        <label key={filter} className="editor-filter">
          <input
            type="radio"
            name="editor-filter"
            className="hidden-visually"
            checked={filter === chosen}
            onChange={() => onChoose(filter)}
          />
          <canvas data-filter={filter} width={1} height={1} aria-hidden />
          <span>{t(`filters.${filter}`)}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** One after the other, so that a filter that is chosen meanwhile waits for one tile at most. */
function useTiles(
  tiles: RefObject<HTMLFieldSetElement | null>,
  photoKey: string,
  picture: Blob,
  frame: Frame,
): void {
  useEffect(() => {
    let isStale = false;
    const drawAll = async () => {
      for (const filter of FILTER_NAMES) {
        if (isStale) return;
        const look = { ...PLAIN_LOOK, filter };
        const bitmap = await previewPhoto(photoKey, picture, TILE_SIDE, { frame, look });
        const tile = tiles.current?.querySelector<HTMLCanvasElement>(`[data-filter="${filter}"]`);
        putOn(tile, bitmap);
      }
    };
    // A photo that cannot be shown says so on the stage.
    drawAll().catch(() => undefined);
    return () => {
      isStale = true;
    };
  }, [tiles, photoKey, picture, frame]);
}
