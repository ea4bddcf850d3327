/** How a pinhole camera sees: light crosses in the hole, and the picture stands on its head. */
export function Camera() {
  return (
    <svg className="welcome-mark" viewBox="0 0 340 220" aria-hidden="true">
      <g fill="none" stroke="currentColor" strokeWidth="2.5" strokeLinejoin="round" strokeLinecap="round">
        <path d="M20 176h76M36 176l22-62 13 36 9-18 14 44" />
        <circle cx="79" cy="86" r="11" fill="var(--accent)" stroke="none" />
        <rect x="168" y="40" width="150" height="140" rx="12" />
        <path d="M290 66v88" strokeWidth="5" />
        <circle cx="168" cy="110" r="9" fill="var(--paper)" />
        <circle cx="168" cy="110" r="2.6" fill="currentColor" stroke="none" />
        <g strokeWidth="1.25" opacity="0.45" strokeDasharray="1 6">
          <path d="M58 114 286 108" />
          <path d="M84 92 286 143" />
          <path d="M92 176 286 71" />
        </g>
      </g>
      <circle cx="284" cy="142" r="6" fill="var(--accent)" />
    </svg>
  );
}
