export function Spinner({ label = 'Loading' }: { label?: string }) {
  return (
    <div className="spinner" role="status">
      <span className="hidden-visually">{label}</span>
      <span className="spinner-ring" />
      <span className="spinner-slow" aria-hidden>
        This takes longer than usual…
      </span>
    </div>
  );
}
