import { sentenceOf } from '../api/client.ts';

/** Why the form could not be sent; nothing while there is no error. */
export function FormError({ error }: { error: unknown }) {
  if (!error) return null;
  return (
    <p className="notice" data-kind="error" role="alert">
      {sentenceOf(error)}
    </p>
  );
}
