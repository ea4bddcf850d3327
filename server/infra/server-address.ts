/** Addresses of PostgreSQL servers: postgres://user:password@host:port/pinhole, whose last part is the prefix of the databases' names. */
import type { ClientConfig } from 'pg';

const PREFIX = 'pinhole';

export function prefixOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1)) || PREFIX;
}

/** The same server, with another database: also what PostgreSQL itself takes to connect there. */
export function urlOfDatabase(url: string, database: string): string {
  const each = new URL(url);
  each.pathname = `/${encodeURIComponent(database)}`;
  return each.href;
}

export function connectionAt(url: string, database: string): ClientConfig {
  return { connectionString: urlOfDatabase(url, database) };
}

/** Of the shards of the server at the URL. */
export function shardDatabaseAt(url: string): string {
  return `${prefixOf(url)}_shard`;
}

/** How a pooler calls the same database for what is no transaction: see infra/database.ts. */
export function singlesOf(database: string): string {
  return `${database}_singles`;
}

/** For the terminal. */
export function withoutPassword(url: string): string {
  const each = new URL(url);
  const shown = each.password ? each.href.replace(`:${each.password}@`, ':…@') : each.href;
  return shown.replace(/([?&]\w*password\w*=)[^&]*/gi, '$1…');
}
