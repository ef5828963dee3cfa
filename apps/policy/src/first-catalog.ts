// The first start makes the catalog that a Flatcar fleet expects: machines that are pointed here land in a group, and
// wait for the first package. Done once, in one transaction: what people delete later does not come back.
import { createHash, randomUUID } from 'node:crypto';
import { platte } from '@platte/facts';
import { CatalogCommand, type CatalogCommandInput } from '@platte/rollout';
import { executeFirstCommands } from '@platte/state-store';
import type { Parts } from './parts.js';

const flatcar = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';

interface Track {
  name: string;
  color: string;
  /** Above 1000.0.0, which is what our recorded machines report, and below every real release. */
  exampleVersion: string;
}

const tracks: readonly Track[] = [
  { name: 'alpha', color: '#1fbb86', exampleVersion: '1003.0.0' },
  { name: 'beta', color: '#fc7f33', exampleVersion: '1002.0.0' },
  { name: 'stable', color: '#14b9d6', exampleVersion: '1001.0.0' },
  { name: 'lts', color: '#9173d8', exampleVersion: '1000.1.0' },
];

const arches = [
  { arch: 'amd64', board: 'amd64-usr', label: 'AMD64' },
  { arch: 'arm64', board: 'arm64-usr', label: 'ARM64' },
] as const;
type ArchOf = (typeof arches)[number];

/** The ids that these groups have on Flatcar's public server: links and scripts that name them keep working. */
const publicGroupIds: Record<string, string> = {
  'alpha amd64': '5b810680-e36a-4879-b98a-4f989e80b899',
  'beta amd64': '3fe10490-dd73-4b49-b72a-28ac19acfcdc',
  'stable amd64': '9a2deb70-37be-4026-853f-bfdd6b347bbe',
  'alpha arm64': 'e641708d-fb48-4260-8bdf-ba2074a1147a',
  'beta arm64': 'd112ec01-ba34-4a9e-9d4b-9814a685f266',
  'stable arm64': '11a585f6-9418-4df0-8863-78b2fd3240f8',
};

export async function makeFirstCatalog({ store, clock, nextPosition, config, log }: Parts): Promise<void> {
  const now = clock.now();
  const commands = firstCommands(config.examplePackages, randomUUID).map((command) => CatalogCommand.parse(command));
  const context = {
    actor: platte,
    now,
    forceMs: config.forceLasts,
    newId: randomUUID,
    position: () => nextPosition(now),
  };
  const made = await executeFirstCommands(store, commands, context);
  if (made === null) return;
  log.info(
    { facts: made.facts.length, examples: config.examplePackages },
    'the catalog was empty: made the one that a Flatcar fleet expects',
  );
}

export function firstCommands(withExamples: boolean, newId: () => string): CatalogCommandInput[] {
  const application: CatalogCommandInput = {
    kind: 'CreateApplication',
    id: flatcar,
    name: 'Flatcar Container Linux',
    description: 'The operating system for containers.',
  };
  return [
    application,
    ...tracks.flatMap((track) => arches.flatMap((arch) => trackCommands(track, arch, withExamples, newId))),
  ];
}

function trackCommands(
  track: Track,
  { arch, board, label }: ArchOf,
  withExamples: boolean,
  newId: () => string,
): CatalogCommandInput[] {
  const [channel, example] = [newId(), newId()];
  const id = publicGroupIds[`${track.name} ${arch}`] ?? newId();
  const title = track.name === 'lts' ? 'LTS' : track.name.charAt(0).toUpperCase() + track.name.slice(1);
  const pkg = withExamples ? example : null;
  return [
    ...(withExamples ? [examplePackage(example, track, arch, board)] : []),
    {
      kind: 'CreateChannel',
      application: flatcar,
      id: channel,
      name: track.name,
      color: track.color,
      arch,
      package: pkg,
    },
    { kind: 'CreateGroup', application: flatcar, id, name: `${title} (${label})`, track: track.name, channel },
  ];
}

/** All that update_engine asks of a manifest; nothing is behind its url, and the name's last part says so. */
function examplePackage(id: string, track: Track, arch: ArchOf['arch'], board: string): CatalogCommandInput {
  const { exampleVersion: version } = track;
  const payload = `an example payload for ${board} ${version} that does not exist`;
  return {
    kind: 'CreatePackage',
    application: flatcar,
    id,
    version,
    arch,
    url: `https://payloads.example/${board}/${version}/`,
    filename: 'flatcar_production_update.gz',
    size: 350_000_000,
    sha1: createHash('sha1').update(payload).digest('base64'),
    sha256: createHash('sha256').update(payload).digest('hex'),
    action: { sha256: createHash('sha256').update(payload).digest('base64') },
    description: 'An example for a first look: its payload does not exist.',
    example: true,
  };
}
