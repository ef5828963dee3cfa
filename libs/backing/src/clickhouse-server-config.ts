// The configuration of a real ClickHouse server on one machine: our data folder, loopback only, our two users, and the
// limits that the embedded engine's front applies to people too.
import { join } from 'node:path';
import { readOnlyForbidden, readOnlyLimits, type User } from './front/users.js';

export interface ServerConfig {
  dataDir: string;
  host: string;
  httpPort: number;
  /** Nobody uses it; the server wants one. */
  tcpPort: number;
}

/** A quarter of what a small machine has: ClickHouse's default of 5 GB is for machines of its own. */
const markCacheBytes = 256 * 1024 * 1024;

export function renderServerConfig({ dataDir, host, httpPort, tcpPort }: ServerConfig): string {
  const data = join(dataDir, 'server');
  const folder = (name: string): string => escape(`${join(data, name)}/`);
  return `<clickhouse>
  <logger><level>information</level><console>1</console></logger>
  <listen_host>${escape(host)}</listen_host>
  <http_port>${httpPort}</http_port>
  <tcp_port>${tcpPort}</tcp_port>
  <path>${escape(`${data}/`)}</path>
  <tmp_path>${folder('tmp')}</tmp_path>
  <user_files_path>${folder('user_files')}</user_files_path>
  <format_schema_path>${folder('format_schemas')}</format_schema_path>
  <mark_cache_size>${markCacheBytes}</mark_cache_size>
  <timezone>UTC</timezone>
  <user_directories>
    <users_xml><path>${escape(join(dataDir, 'users.xml'))}</path></users_xml>
    <local_directory><path>${folder('access')}</path></local_directory>
  </user_directories>
</clickhouse>
`;
}

export function renderUsersConfig(users: readonly User[]): string {
  const limits = Object.entries(readOnlyLimits);
  const values = limits.map(([name, limit]) => `<${name}>${limit}</${name}>`).join('');
  const fixed = readOnlyForbidden.filter(isServerSetting).map((name) => `<${name}><readonly/></${name}>`);
  const bounds = limits.map(([name, limit]) => `<${name}><min>1</min><max>${limit}</max></${name}>`).join('');
  return `<clickhouse>
  <profiles>
    <full/>
    <read-only><readonly>2</readonly>${values}<constraints>${bounds}${fixed.join('')}</constraints></read-only>
  </profiles>
  <quotas><default/></quotas>
  <users>
${users.map(renderUser).join('\n')}
  </users>
</clickhouse>
`;
}

function renderUser({ name, passwordDigest, access }: User): string {
  // No source beside the tables: in readonly 2, which clients need, table functions would pass.
  const grants = access === 'read-only' ? '<grants><query>GRANT SELECT, SHOW ON *.*</query></grants>' : '';
  const networks = '<networks><ip>::1</ip><ip>127.0.0.1</ip></networks>';
  return `    <${name}><password_sha256_hex>${passwordDigest}</password_sha256_hex>${networks}<profile>${access}</profile><quota>default</quota>${grants}</${name}>`;
}

/** The others are words of the front, or what `readonly` keeps already. */
const isServerSetting = (name: string): boolean => !['readonly', 'limits', 'profile'].includes(name);

function escape(text: string): string {
  return text.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
}
