const YEAR_SECONDS = 365 * 24 * 60 * 60;

/** What the server must know of this browser to send the page as it is wanted. Null takes it back. */
export function setCookie(name: string, value: string | null): void {
  const seconds = value === null ? 0 : YEAR_SECONDS;
  // Not by the Cookie Store API, which pages that came over plain http do not have.
  Object.assign(document, { cookie: `${name}=${value ?? ''}; path=/; max-age=${seconds}; samesite=lax` });
}
