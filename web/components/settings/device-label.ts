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

type Device = { browser: string | undefined; system: string | undefined };

/** What a browser says of itself; null for other names (of programs). */
export function deviceOf(deviceName: string): Device | null {
  if (!deviceName.startsWith('Mozilla/')) return null;
  const find = (names: typeof BROWSERS) => names.find(([pattern]) => pattern.test(deviceName))?.[1];
  return { browser: find(BROWSERS), system: find(SYSTEMS) };
}
