/** Hexadecimal, or null where the browser hashes nothing: on plain http, except on this machine itself. */
export async function sha256Of(bytes: Blob): Promise<string | null> {
  if (typeof crypto.subtle === 'undefined') return null;
  const hash = await crypto.subtle.digest('SHA-256', await bytes.arrayBuffer());
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
