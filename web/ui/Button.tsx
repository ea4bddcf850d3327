import type { ButtonHTMLAttributes, ReactNode } from 'react';

type Look = 'solid' | 'quiet' | 'plain' | 'danger';
type ButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & {
  look?: Look;
  isSmall?: boolean;
  isWide?: boolean;
  /** While true the button keeps its focus and its place, and ignores presses. */
  isBusy?: boolean;
};

export function Button({
  look = 'solid',
  isSmall,
  isWide,
  isBusy,
  onClick,
  className = '',
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      className={buttonClass({ isSmall, isWide, className })}
      data-look={look}
      aria-busy={isBusy || undefined}
      onClick={(event) => (isBusy ? event.preventDefault() : onClick?.(event))}
    />
  );
}

/** For links that look like buttons. */
export function buttonClass({ isSmall = false, isWide = false, className = '' }): string {
  return ['button', isSmall && 'small', isWide && 'wide', className].filter(Boolean).join(' ');
}

type IconButtonProps = ButtonHTMLAttributes<HTMLButtonElement> & { label: string; children: ReactNode };

export function IconButton({ label, className = '', children, ...rest }: IconButtonProps) {
  return (
    <button type="button" {...rest} className={`icon-button ${className}`} aria-label={label} title={label}>
      {children}
    </button>
  );
}
