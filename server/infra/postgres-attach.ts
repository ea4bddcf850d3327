/** The embedded PostgreSQL of another, living Pinhole on the same data folder: operator verbs work beside it. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { LOCK_KEY } from './postgres.ts';
import { PORT, USER } from './postgres-root.ts';

/** Null when no Pinhole runs on the folder. */
export async function findRunningPostgres(
  dataDir: string,
): Promise<{ socketDir: string; user: string } | null> {
  const lines = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n');
  const socketDir = lines[4];
  if (!socketDir) return null;
  const client = new Client({ host: socketDir, port: PORT, user: USER, database: 'postgres', ssl: false });
  try {
    await client.connect();
    const { rows } = await client.query('select pg_try_advisory_lock($1) as is_free', [LOCK_KEY]);
    return rows[0]?.is_free === false ? { socketDir, user: USER } : null;
  } catch {
    // Nobody answers there: a crash left the file behind, and starting the server puts it right.
    return null;
  } finally {
    await client.end();
  }
}
