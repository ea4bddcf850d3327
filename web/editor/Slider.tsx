import { RotateCcw } from 'lucide-react';
import {
  type CSSProperties,
  type MouseEvent,
  type PointerEvent,
  useEffect,
  useEffectEvent,
  useId,
  useRef,
} from 'react';
import { language } from '../i18n/messages.ts';
import { t } from '../i18n/text.ts';
import { IconButton } from '../ui/Button.tsx';
import './slider.css';

type SliderProps = {
  label: string;
  value: number;
  min: number;
  max: number;
  step?: number;
  /** Where it stands when nothing is changed. */
  rest: number;
  unit?: string;
  onSlide: (value: number) => void;
  onSettle: (value: number) => void;
};

const DOUBLE_TAP_MS = 350;
const DOUBLE_TAP_PX = 24;

/** A range with its value beside it. A double tap, or the button that comes with a change, puts it back. */
export function Slider({
  label,
  value,
  min,
  max,
  step = 1,
  rest,
  unit = '',
  onSlide,
  onSettle,
}: SliderProps) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const tap = useRef({ atMs: 0, x: 0 });
  const isSecondTap = useRef(false);
  const settle = useEffectEvent((settled: number) => onSettle(settled));

  // React's onChange comes with every movement; the browser's own "change" when the control is let go.
  useEffect(() => {
    const range = input.current;
    const letGo = () => settle(Number(range?.value));
    range?.addEventListener('change', letGo);
    return () => range?.removeEventListener('change', letGo);
  }, []);

  const onPointerDown = ({ timeStamp, clientX }: PointerEvent) => {
    const { atMs, x } = tap.current;
    isSecondTap.current = timeStamp - atMs < DOUBLE_TAP_MS && Math.abs(clientX - x) < DOUBLE_TAP_PX;
    tap.current = { atMs: isSecondTap.current ? 0 : timeStamp, x: clientX };
  };
  // Browsers count the clicks of a mouse; of fingers on a range they tell no clicks at all.
  const onPointerUp = () => {
    if (isSecondTap.current) onSettle(rest);
    isSecondTap.current = false;
  };
  const onClick = ({ detail }: MouseEvent) => {
    if (detail === 2) onSettle(rest);
  };

  return (
    <div className="slider">
      <label className="slider-label" htmlFor={id}>
        {label}
      </label>
      <output className="slider-value" htmlFor={id} dir="ltr" aria-hidden>
        {textOf(value, min, unit)}
      </output>
      <span className="slider-reset">
        {value !== rest && (
          <IconButton label={t('editor.resetNamed', { what: label })} onClick={() => onSettle(rest)}>
            <RotateCcw aria-hidden size={16} />
          </IconButton>
        )}
      </span>
      <input
        ref={input}
        id={id}
        type="range"
        className="slider-range"
        min={min}
        max={max}
        step={step}
        value={value}
        aria-valuetext={textOf(value, min, unit)}
        style={fillOf(value, min, max)}
        onChange={(event) => onSlide(Number(event.target.value))}
        onPointerDown={onPointerDown}
        onPointerUp={onPointerUp}
        onClick={onClick}
      />
    </div>
  );
}

/** With a sign where it goes both ways. */
function textOf(value: number, min: number, unit: string): string {
  const sign = value > 0 && min < 0 ? '+' : value < 0 ? '−' : '';
  const digits = Number.isInteger(value) ? 0 : 1;
  const format = new Intl.NumberFormat(language(), {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
  return `${sign}${format.format(Math.abs(value))}${unit}`;
}

/** From zero to the value, in parts of the track. */
function fillOf(value: number, min: number, max: number): CSSProperties {
  const part = (at: number) => (at - min) / (max - min);
  const zero = part(Math.max(0, min));
  const [from, to] = [Math.min(zero, part(value)), Math.max(zero, part(value))];
  // The middle of the thumb does not reach the ends of the track; what starts at an end begins there all the same.
  const place = (at: number) => `calc(var(--thumb) / 2 + (100% - var(--thumb)) * ${at})`;
  return { '--from': from === 0 ? '0%' : place(from), '--to': place(to) } as CSSProperties;
}
