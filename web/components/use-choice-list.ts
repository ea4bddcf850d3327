import { type KeyboardEvent, useId, useState } from 'react';

type ChoiceListOptions = {
  /** 0: the list is closed. */
  count: number;
  onChoose: (at: number) => void;
  onClose: () => void;
};

/**
 * The keys of a field with a list of choices beneath it: arrows move, Enter takes, Esc closes, as the ARIA pattern for
 * comboboxes has it; the focus stays in the field. `onKeyDown` says whether the key was for the list.
 */
export function useChoiceList({ count, onChoose, onClose }: ChoiceListOptions) {
  const id = useId();
  const [wanted, setActive] = useState(0);
  const isOpen = count > 0;
  const active = isOpen ? Math.min(wanted, count - 1) : 0;
  const optionId = (at: number) => `${id}-${at}`;

  const onKeyDown = (event: KeyboardEvent): boolean => {
    if (!isOpen || event.nativeEvent.isComposing || event.altKey || event.ctrlKey || event.metaKey)
      return false;
    if (event.key === 'ArrowDown') setActive((active + 1) % count);
    else if (event.key === 'ArrowUp') setActive((active + count - 1) % count);
    else if (event.key === 'Enter' && !event.shiftKey) onChoose(active);
    else if (event.key === 'Escape') onClose();
    else return false;
    event.preventDefault();
    event.stopPropagation();
    return true;
  };

  return {
    listId: id,
    active,
    isOpen,
    optionId,
    setActive,
    onKeyDown,
    field: {
      'aria-autocomplete': 'list',
      'aria-controls': isOpen ? id : undefined,
      'aria-activedescendant': isOpen ? optionId(active) : undefined,
    } as const,
  };
}

export type ChoiceList = ReturnType<typeof useChoiceList>;
