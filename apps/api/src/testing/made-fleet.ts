// An application with two packages, a channel and a group that is under way, made by the API itself.
import type { Client } from '@platte/api-contract';

let names = 0;
export const unique = (word: string): string => `${word} ${++names}`;

export async function makeFleet(admin: Client) {
  const application = await admin.createApplication({ body: { name: unique('app') } });
  const packageBody = {
    application: application.id,
    arch: 'amd64',
    type: 'other',
    url: 'https://h/',
    filename: 'f.gz',
    size: 10,
  } as const;
  const pack = await admin.createPackage({ body: { ...packageBody, version: '2.0.0' } });
  const older = await admin.createPackage({ body: { ...packageBody, version: '1.0.0' } });
  const channel = await admin.createChannel({
    body: { application: application.id, name: 'stable', arch: 'amd64', package: pack.id },
  });
  const group = await admin.createGroup({
    body: {
      application: application.id,
      name: 'prod',
      track: 'stable',
      channel: channel.id,
      policy: { rateLimit: { max: 5, periodMs: 60_000 } },
    },
  });
  return { application, pack, older, channel, group };
}
