/** ./pinhole pgbouncer: the configuration of a pgbouncer in front of a PostgreSQL server. */
import pg from 'pg';
import { readConfig } from '../../config.ts';
import { prefixOf, shardDatabaseAt, singlesOf } from '../../infra/server-address.ts';
import { startDatabase } from '../database.ts';
import { OperatorFault } from '../progress.ts';

type Options = {
  /** Of the server: postgres://user:password@host:port/prefix. */
  url: string;
  /** As `servers` in the directory has it; main holds the directory too. */
  name: string;
  port?: number;
  /** Holds the passwords. */
  authFile?: string;
  /** For the console; '' : none. */
  socketDir?: string;
};

const FIRST_SERVER = 'main';
/**
 * Connections for what changes something, however many processes there are. Around pgbouncer go two of each process for
 * pipelined reads (docs/decisions/0015), and on main one to hear of changes of the map. With eight processes that is 28 on a
 * server, and 40 on main.
 */
const SHARD_CONNECTIONS = { transactions: 8, singles: 4 };
const DIRECTORY_CONNECTIONS = { transactions: 2, singles: 2 };
const STATEMENT_TIMEOUT_MS = 10_000;
const IDLE_IN_TRANSACTION_MS = 30_000;
/** Without it a statement whose client has gone runs on, beside those that pgbouncer counts. */
const CLIENT_CHECK_MS = 1_000;

export async function run(args: string[]): Promise<void> {
  const [name = FIRST_SERVER, ...more] = args;
  if (more.length > 0 || name.startsWith('-')) throw new OperatorFault('Usage: ./pinhole pgbouncer [SERVER]');
  const config = readConfig(process.env);
  if (config.databaseUrl === '')
    throw new OperatorFault(
      'The embedded database needs no pgbouncer. For servers of your own, set PINHOLE_DATABASE.',
    );
  const url = name === FIRST_SERVER ? config.databaseUrl : await urlOfServer(name);
  process.stdout.write(pgbouncerConfig({ url, name }));
}

/** As the directory has it; the first server's is not there. */
async function urlOfServer(name: string): Promise<string> {
  const { connect, prefix } = await startDatabase(readConfig(process.env));
  const client = new pg.Client(connect(`${prefix}_directory`));
  try {
    await client.connect();
    const { rows } = await client.query<{ name: string; url: string }>(
      'select name, url from servers order by name',
    );
    const found = rows.find((row) => row.name === name);
    if (found) return found.url;
    throw new OperatorFault(
      `There is no server "${name}". There are: ${rows.map((row) => row.name).join(', ')}.`,
    );
  } finally {
    await client.end();
  }
}

/** The text of a pgbouncer.ini, which holds no password. Throws an OperatorFault for what pgbouncer cannot be told. */
export function pgbouncerConfig(options: Options): string {
  const { url, name: server, port = 6432, authFile = '/etc/pgbouncer/userlist.txt' } = options;
  const { socketDir = '/var/run/postgresql' } = options;
  const { user, password } = userOf(url);
  const names = [
    ...linesOf(shardDatabaseAt(url), SHARD_CONNECTIONS),
    ...(server === FIRST_SERVER ? linesOf(`${prefixOf(url)}_directory`, DIRECTORY_CONNECTIONS) : []),
  ];
  return `${instructions(options, user, password !== '', port, authFile)}
[databases]
${names.map(([name, database, connections]) => databaseLine(url, name, database, connections)).join('\n')}

[pgbouncer]
${password ? '' : '# Who connects is not asked for a password: keep it on this address.\n'}listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir = ${socketDir}
auth_type = ${password ? 'scram-sha-256' : 'trust'}
auth_file = ${authFile}
# The console: psql -h 127.0.0.1 -p ${port} -U ${user} pgbouncer -c 'show pools'
admin_users = ${user}
stats_users = ${user}

# A server connection serves a transaction, then the next one of whoever comes. pool_size above is all that there are.
pool_mode = transaction
reserve_pool_size = 0
max_client_conn = 800
# What a client sets for its session would reach others too: ignored here, and set once by connect_query above.
ignore_startup_parameters = extra_float_digits, statement_timeout, lock_timeout, idle_in_transaction_session_timeout
# Freed in time: the memory of a connection grows with what it has touched.
server_lifetime = 900
server_idle_timeout = 60

# Pinhole answers its members within 3 seconds, whatever happens here. Seconds; the last one milliseconds.
query_wait_timeout = 2
server_connect_timeout = 2
server_login_retry = 1
client_login_timeout = 10
tcp_keepalive = 1
tcp_keepidle = 5
tcp_keepintvl = 2
tcp_keepcnt = 3
tcp_user_timeout = 4000

log_connections = 0
log_disconnections = 0

# From Pinhole to here with TLS, when they are not on one machine (then also another listen_addr):
# client_tls_sslmode = require
# client_tls_key_file = /etc/pgbouncer/server.key
# client_tls_cert_file = /etc/pgbouncer/server.crt
# From here to the server with TLS:
${serverTls(url)}`;
}

function instructions(
  options: Options,
  user: string,
  hasPassword: boolean,
  port: number,
  authFile: string,
): string {
  const users = hasPassword
    ? `#  - Passwords stand in ${authFile} alone, as the server itself keeps them. On the server's machine:
#      sudo -u postgres psql -Atc "select format('\\"%s\\" \\"%s\\"', rolname, rolpassword) from pg_authid where rolname = '${user}'"
#    prints the line for that file:
#      "${user}" "SCRAM-SHA-256$4096:…"
#    Nobody but pgbouncer's own user (postgres) may read it. If the line begins with "md5" instead, give the user its
#    password again with password_encryption = 'scram-sha-256'.`
    : `#  - The server asks ${user} for no password. ${authFile} has this one line:
#      "${user}" ""`;
  return `# pgbouncer in front of the server "${options.name}", made by "./pinhole pgbouncer". How to use it:
#
#      ./pinhole pgbouncer ${options.name} | sudo install -o postgres -m 640 /dev/stdin /etc/pgbouncer/pgbouncer.ini
#      sudo systemctl restart pgbouncer
#
${users}
#  - Its address has the server's user and password: postgres://${user}${hasPassword ? ':PASSWORD' : ''}@127.0.0.1:${port}/${prefixOf(options.url)}
#  - One pgbouncer for each server. Pinhole goes around it to hear of changes, to migrate and to move shards.
#  - Made for pgbouncer 1.18 and later.
`;
}

/** A transaction that waits for a single statement must not have taken its connection. */
function linesOf(database: string, connections: { transactions: number; singles: number }) {
  return [
    [database, database, connections.transactions] as const,
    [singlesOf(database), database, connections.singles] as const,
  ];
}

function databaseLine(url: string, name: string, database: string, connections: number): string {
  const { hostname, port, searchParams } = new URL(url);
  const host =
    searchParams.get('host') ?? (decodeURIComponent(hostname).replace(/^\[|\]$/g, '') || '127.0.0.1');
  const settings = [
    `set statement_timeout = ${STATEMENT_TIMEOUT_MS}`,
    `set idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}`,
    `set client_connection_check_interval = ${CLIENT_CHECK_MS}`,
    // As infra/database.ts has it for the queue.
    'set random_page_cost = 1.1',
  ].join('; ');
  const parts = [
    `host=${quoted(host)}`,
    `port=${searchParams.get('port') ?? (port || 5432)}`,
    `dbname=${quoted(database)}`,
    `pool_size=${connections}`,
    `max_db_connections=${connections}`,
    `connect_query=${quoted(settings)}`,
  ];
  return `${keyOf(name)} = ${parts.join(' ')}`;
}

function serverTls(url: string): string {
  const mode = new URL(url).searchParams.get('sslmode');
  const asked = mode !== null && ['disable', 'prefer', 'require', 'verify-ca', 'verify-full'].includes(mode);
  return `${asked ? `server_tls_sslmode = ${mode}` : '# server_tls_sslmode = verify-full'}
# server_tls_ca_file = /etc/ssl/certs/ca-certificates.crt
`;
}

function userOf(url: string): { user: string; password: string } {
  const { username, password } = new URL(url);
  const user = decodeURIComponent(username);
  if (!/^[A-Za-z0-9_.-]+$/.test(user))
    throw new OperatorFault(
      `pgbouncer needs a user of plain letters and digits in the server's address: "${user}"`,
    );
  return { user, password };
}

function keyOf(name: string): string {
  if (!/^[A-Za-z0-9_.-]+$/.test(name))
    throw new OperatorFault(
      `pgbouncer cannot be told of a database with such a name: ${JSON.stringify(name)}`,
    );
  return name;
}

function quoted(text: string): string {
  if (/[\r\n]/.test(text)) throw new OperatorFault('A line break cannot be part of an address.');
  return `'${text.replaceAll("'", "''")}'`;
}
