/** Figures for the terminal: aligned, and with units. */

/** The first row is the heading; the first column is text, the others are figures. */
export function printTable(rows: readonly (readonly string[])[], textColumns = 1): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < textColumns ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

export function count(number: number): string {
  return Math.round(number).toLocaleString('en-US');
}

export function inBytes(bytes: number): string {
  for (const [unit, size] of [
    ['TB', 1e12],
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const)
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  return `${Math.round(bytes)} B`;
}

export function inTime(seconds: number): string {
  if (seconds < 1) return '< 1 s';
  if (seconds >= 5_400) return `${(seconds / 3_600).toFixed(1)} h`;
  return seconds >= 90 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds)} s`;
}
