import {
  type InputHTMLAttributes,
  type ReactNode,
  type Ref,
  type TextareaHTMLAttributes,
  useId,
} from 'react';
import { t } from '../i18n/text.ts';

type Common = { label: string; hint?: ReactNode; fault?: string | undefined; max?: number };
type FieldProps = Common & InputHTMLAttributes<HTMLInputElement>;
type TextAreaProps = Common &
  TextareaHTMLAttributes<HTMLTextAreaElement> & { ref?: Ref<HTMLTextAreaElement> };

export function Field({ label, hint, fault, max, ...rest }: FieldProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} fault={fault} max={max} value={rest.value}>
      <input
        id={id}
        dir={directionOf(rest.value)}
        {...rest}
        {...described(id, hint, fault)}
        className="input"
      />
    </Frame>
  );
}

export function TextArea({ label, hint, fault, max, ...rest }: TextAreaProps) {
  const id = useId();
  return (
    <Frame id={id} label={label} hint={hint} fault={fault} max={max} value={rest.value}>
      <textarea
        id={id}
        dir={directionOf(rest.value)}
        {...rest}
        {...described(id, hint, fault)}
        className="input"
      />
    </Frame>
  );
}

/** A text goes as its own letters do; a placeholder as the page does. */
function directionOf(value: unknown): 'auto' | undefined {
  return value === '' || value === undefined ? undefined : 'auto';
}

type FrameProps = Common & { id: string; value: unknown; children: ReactNode };

function Frame({ id, label, hint, fault, max, value, children }: FrameProps) {
  const length = typeof value === 'string' ? value.length : 0;
  return (
    <div className="field">
      <label className="field-label" htmlFor={id}>
        {label}
        {max !== undefined && length > max * 0.7 && (
          <span className="field-counter" data-over={length > max} aria-live="polite">
            <span className="hidden-visually">{t('common.charactersLeft')} </span>
            {max - length}
          </span>
        )}
      </label>
      {children}
      {fault ? (
        <p className="field-fault" id={`${id}-fault`} role="alert">
          {fault}
        </p>
      ) : (
        hint && (
          <p className="field-hint" id={`${id}-hint`}>
            {hint}
          </p>
        )
      )}
    </div>
  );
}

function described(id: string, hint: ReactNode, fault: string | undefined) {
  return {
    'aria-invalid': fault ? true : undefined,
    'aria-describedby': fault ? `${id}-fault` : hint ? `${id}-hint` : undefined,
  };
}

type SwitchProps = {
  label: string;
  hint?: string;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  disabled?: boolean;
};

export function Switch({ label, hint, isOn, onChange, disabled }: SwitchProps) {
  const id = useId();
  return (
    <div className="switch-row">
      <div>
        <label className="strong" htmlFor={id}>
          {label}
        </label>
        {hint && (
          <p className="field-hint" id={`${id}-hint`}>
            {hint}
          </p>
        )}
      </div>
      <input
        id={id}
        type="checkbox"
        role="switch"
        className="switch"
        checked={isOn}
        aria-checked={isOn}
        disabled={disabled}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={(event) => onChange(event.target.checked)}
      />
    </div>
  );
}
