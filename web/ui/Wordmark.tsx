/** Drawn in strokes rather than set in a font: the same on every system. The o is the pinhole. */
export function Wordmark({ height = 26 }: { height?: number }) {
  return (
    <svg
      className="wordmark"
      viewBox="0 0 93 30"
      height={height}
      width={(height * 93) / 30}
      role="img"
      aria-label="Pinhole"
    >
      <g fill="none" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round">
        <path d="M2.5 9v18.5" />
        <circle cx="8.7" cy="15.2" r="6.2" />
        <path d="M20.4 9v12.4" />
        <path d="M26 21.4V9M26 14.6a5.1 5.6 0 0 1 10.2 0v6.8" />
        <path d="M41.8 21.4V2.5M41.8 14.6a5.1 5.6 0 0 1 10.2 0v6.8" />
        <circle cx="63.1" cy="15.2" r="6.2" />
        <path d="M74.6 2.5v18.9" />
        <path d="M79.7 15.2h12A6.1 6.2 0 1 0 89.6 20" />
      </g>
      <circle cx="20.4" cy="3.8" r="1.75" fill="currentColor" />
      <circle cx="63.1" cy="15.2" r="2.1" fill="var(--accent)" />
    </svg>
  );
}

export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} role="img" aria-label="Pinhole">
      <circle cx="12" cy="12" r="9.6" fill="none" stroke="currentColor" strokeWidth="2.6" />
      <circle cx="12" cy="12" r="3" fill="var(--accent)" />
    </svg>
  );
}
