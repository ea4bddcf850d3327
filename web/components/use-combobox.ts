import { type KeyboardEvent, useEffect, useId, useState } from 'react';

/**
 * The ARIA pattern of a combobox with a grid: the focus stays in the input, the arrow keys choose a row, Enter opens it. Its
 * links and buttons can be reached by Tab and by hand besides.
 */
export function useCombobox(rowCount: number, open: (at: number) => void) {
  const id = useId();
  const [wanted, setWanted] = useState(-1);
  const chosen = wanted < rowCount ? wanted : -1;
  const rowId = (at: number) => `${id}-${at}`;

  useEffect(() => {
    if (chosen >= 0) document.getElementById(`${id}-${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [id, chosen]);

  const onKeyDown = (event: KeyboardEvent) => {
    if (rowCount === 0 || event.nativeEvent.isComposing) return;
    if (event.key === 'ArrowDown') setWanted(chosen + 1 < rowCount ? chosen + 1 : 0);
    else if (event.key === 'ArrowUp') setWanted(chosen > 0 ? chosen - 1 : rowCount - 1);
    else if (event.key === 'Escape' && chosen >= 0) setWanted(-1);
    else if (event.key === 'Enter' && chosen >= 0) open(chosen);
    else return;
    event.preventDefault();
  };

  return {
    /** None is chosen any more: for when there are other rows. */
    forget: () => setWanted(-1),
    input: {
      role: 'combobox',
      'aria-autocomplete': 'list',
      'aria-haspopup': 'grid',
      'aria-expanded': rowCount > 0,
      'aria-controls': rowCount > 0 ? id : undefined,
      'aria-activedescendant': chosen >= 0 ? rowId(chosen) : undefined,
      onKeyDown,
    },
    grid: (label: string) => ({ id, role: 'grid', 'aria-label': label }),
    row: (at: number) => ({ id: rowId(at), role: 'row', 'aria-selected': at === chosen }),
    cell: { role: 'gridcell' },
  } as const;
}

export type Combobox = ReturnType<typeof useCombobox>;
