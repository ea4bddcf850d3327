import { type KeyboardEvent, type MouseEvent, type PointerEvent, useState } from 'react';

/** Something that holds for as long as it is pressed: with a pointer, or with Space or Enter. */
export function useHold(onHold: (isHeld: boolean) => void) {
  const [isHeld, setHeld] = useState(false);
  const hold = (held: boolean) => {
    if (held === isHeld) return;
    setHeld(held);
    onHold(held);
  };
  const end = () => hold(false);
  return {
    isHeld,
    onPointerDown: (event: PointerEvent<HTMLElement>) => {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      hold(true);
    },
    onPointerUp: end,
    onPointerCancel: end,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key !== ' ' && event.key !== 'Enter') return;
      event.preventDefault();
      hold(true);
    },
    onKeyUp: end,
    onBlur: end,
    // A finger that is held would open the browser's own menu.
    onContextMenu: (event: MouseEvent) => event.preventDefault(),
  };
}
