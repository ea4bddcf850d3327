const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\b(Chrome|CriOS|HeadlessChrome|Chromium)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];

const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/Windows/, 'Windows'],
  [/CrOS/, 'ChromeOS'],
  [/Mac OS X|Macintosh/, 'Mac'],
  [/Linux|X11/, 'Linux'],
];

/** "Chrome on Linux" of what a browser says of itself; other names (of programs) stay as they are. */
export function deviceLabel(deviceName: string): string {
  if (!deviceName.startsWith('Mozilla/')) return deviceName || 'Unknown device';
  const find = (names: typeof BROWSERS) => names.find(([pattern]) => pattern.test(deviceName))?.[1];
  const system = find(SYSTEMS);
  const browser = find(BROWSERS) ?? 'Browser';
  return system ? `${browser} on ${system}` : browser;
}
