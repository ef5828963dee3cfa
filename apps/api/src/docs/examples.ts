// What to type: a request of each operation for a shell. Bodies are written by hand, as a person would send them, and a test
// parses each with the contract.
import { apiPrefix, getOperation, type OperationId } from '@platte/api-contract';

const application = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';

export const exampleBodies: Partial<Record<OperationId, object>> = {
  createApplication: { name: 'Agent', productId: 'io.example.agent', versioning: 'semver', reboots: false },
  editApplication: { description: 'Runs on every machine.' },
  markDeadEnd: { reason: 'Its updater cannot verify newer payloads.' },
  createPackage: {
    application,
    version: '4152.2.0',
    arch: 'amd64',
    url: 'https://update.release.flatcar-linux.net/amd64-usr/4152.2.0/',
    filename: 'flatcar_production_update.gz',
    size: 472_910_123,
    action: { sha256: 'LLqvT6r0pKrKBwYJV3OhBVyWqUeGvwTDRvU3SEVSGhs=' },
  },
  editPackage: { description: 'The one with the new kernel.' },
  createChannel: { application, name: 'canary', arch: 'amd64', color: '#d97706' },
  editChannel: { package: '6d764cec-dbbd-428a-9d67-581b5a6d63e6' },
  setFloor: { reason: 'The partition layout changes here.' },
  createGroup: {
    application,
    name: 'Canary',
    track: 'canary',
    channel: '63b39a13-5330-4370-b15f-ddcfb0044654',
    policy: { rateLimit: { max: 20, periodMs: 900_000 }, timezone: 'Europe/Berlin' },
  },
  editGroup: { policy: { rateLimit: { max: 50 }, hours: { kind: 'office' } } },
  editInstance: { alias: 'db-7', labels: { role: 'db', rack: null } },
  createToken: { name: 'deploy', role: 'operator', expiresInDays: 30 },
  applyRestore: { acceptRefused: false },
};

export function exampleBodyOf(id: OperationId): object | undefined {
  if (!getOperation(id).body) return undefined;
  return exampleBodies[id] ?? { note: 'Waiting for the new payload.' };
}

/** For sh, with the API's address in $PLATTE and a token in $TOKEN. */
export function toCurl(id: OperationId): string {
  const { method, path, role, edits, produces, query } = getOperation(id);
  const body = exampleBodyOf(id);
  const required = Object.entries(query?.shape ?? {}).filter(([, field]) => !field.safeParse(undefined).success);
  const search = required.map(([name]) => `${name}=$${name.toUpperCase()}`).join('&');
  const place = path.replace(/\{(\w+)\}/g, (_, name: string) => `$${name.toUpperCase()}`);
  const lines = [
    `curl -sS${produces === 'text/event-stream' ? 'N' : ''}${method === 'GET' ? '' : ` -X ${method}`} "$PLATTE${apiPrefix}${place}${search && `?${search}`}"`,
    ...(role === 'public' ? [] : ['-H "Authorization: Bearer $TOKEN"']),
    ...(edits ? [`-H 'If-Match: "7"'`] : []),
    ...(body
      ? [
          `-H 'Content-Type: ${method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'}'`,
          `-d '${JSON.stringify(body, null, 2).replaceAll('\n', '\n  ')}'`,
        ]
      : []),
  ];
  return lines.join(' \\\n  ');
}
