// The ports that people and machines know: asked for by setting, checked before anything starts.
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';

export interface Ports {
  omaha: number;
  api: number;
  sql: number;
}

/**
 * Reads PLATTE_PORT (8000), PLATTE_API_PORT (8080) and PLATTE_SQL_PORT (8123); 0 takes any free one.
 * A taken port is an error that says by whom, if that can be known; only the SQL port, which people rarely type, moves.
 */
export async function choosePorts(env: NodeJS.ProcessEnv, host: string): Promise<Ports> {
  const omaha = readPort(env, 'PLATTE_PORT', 8000);
  const api = readPort(env, 'PLATTE_API_PORT', 8080);
  const sql = readPort(env, 'PLATTE_SQL_PORT', 8123);
  const taken = [
    ...((await isFree(omaha, host)) ? [] : [describeTaken('PLATTE_PORT', omaha, 'machines')]),
    ...((await isFree(api, '127.0.0.1')) ? [] : [describeTaken('PLATTE_API_PORT', api, 'the API and the console')]),
  ];
  if (taken.length > 0) throw new Error(taken.join('\n'));
  return { omaha, api, sql: (await isFree(sql, '127.0.0.1')) ? sql : 0 };
}

function readPort(env: NodeJS.ProcessEnv, name: string, fallback: number): number {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Error(`${name} is "${text}": it must be a port, 0 to 65535`);
  return port;
}

function isFree(port: number, host: string): Promise<boolean> {
  if (port === 0) return Promise.resolve(true);
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, host, () => probe.close(() => resolve(true)));
  });
}

function describeTaken(variable: string, port: number, purpose: string): string {
  const holder = findHolder(port);
  return `port ${port} (for ${purpose}) is taken${holder === undefined ? '' : ` by ${holder}`}. Stop that, or choose another: ${variable}=${port + 1} ./platte up`;
}

/** Whoever listens there, as `name (pid N)`; undefined where the system does not tell us. */
function findHolder(port: number): string | undefined {
  try {
    const pids = execFileSync('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const pid = /^p(\d+)$/m.exec(pids)?.[1];
    const name = /^c(.+)$/m.exec(pids)?.[1];
    return pid === undefined ? undefined : `${name ?? 'a process'} (pid ${pid})`;
  } catch {
    return findHolderByProc(port);
  }
}

/** Linux without lsof: the socket's inode from /proc/net/tcp, then whose file descriptor it is. */
function findHolderByProc(port: number): string | undefined {
  try {
    const script = `
      port=$(printf ':%04X' ${port}); inode=$(awk -v p="$port" 'substr($2, length($2) - 4) == p && $4 == "0A" { print $10; exit }' /proc/net/tcp /proc/net/tcp6)
      [ -n "$inode" ] || exit 1
      for fd in /proc/[0-9]*/fd/*; do
        [ "$(readlink "$fd" 2>/dev/null)" = "socket:[$inode]" ] || continue
        pid=\${fd#/proc/}; pid=\${pid%%/*}; echo "$(cat /proc/$pid/comm) (pid $pid)"; exit 0
      done; exit 1`;
    return execFileSync('sh', ['-c', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
}
