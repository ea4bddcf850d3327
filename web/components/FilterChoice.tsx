import { FILTER_NAMES, type FilterName } from '../../core/filters.ts';
import type { DraftPhoto } from '../state/upload-queue.ts';
import { PhotoCanvas } from './PhotoCanvas.tsx';
import { draftStore } from './the-draft.ts';

const TILE_SIDE = 192;

const LABELS: Record<FilterName, string> = { none: 'Original', 'warm-vintage': 'Warm vintage' };

export function FilterChoice({ photo }: { photo: DraftPhoto }) {
  return (
    <fieldset className="filters">
      <legend className="field-label">Filter</legend>
      {FILTER_NAMES.map((filter) => (
        <label key={filter} className="filter">
          <input
            type="radio"
            name={`filter-${photo.key}`}
            className="hidden-visually"
            checked={photo.filter === filter}
            onChange={() => draftStore.edit(photo.key, { filter })}
          />
          <span className="filter-tile" aria-hidden>
            <PhotoCanvas photo={photo} filter={filter} maxSide={TILE_SIDE} />
          </span>
          {LABELS[filter]}
        </label>
      ))}
    </fieldset>
  );
}
