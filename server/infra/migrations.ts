/** Applies the numbered SQL files of a folder to a database, each once, in order, each in a transaction of its own. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Database } from './database.ts';
import { sql } from './sql.ts';

const LOCK = 7_234_770_001;

/** Gives the names of the files that were applied now. Several processes may call it at once. */
export async function migrate(database: Database, folder: string): Promise<string[]> {
  const files = (await readdir(folder)).filter((name) => /^\d{4}_[a-z0-9_]+\.sql$/.test(name)).sort();
  const applied: string[] = [];
  for (const file of files) {
    const done = await database.transaction(async (tx) => {
      await tx.rows(sql`select pg_advisory_xact_lock(${LOCK})`);
      await tx.execute(
        'create table if not exists schema_migrations (name text primary key, applied_at timestamptz not null default now())',
      );
      if ((await tx.rows(sql`select 1 from schema_migrations where name = ${file}`)).length > 0) return true;
      await tx.execute(await readFile(path.join(folder, file), 'utf8'));
      await tx.rows(sql`insert into schema_migrations (name) values (${file})`);
      return false;
    });
    if (!done) applied.push(file);
  }
  return applied;
}
