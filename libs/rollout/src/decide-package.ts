// Packages: validated when they are created, not when a machine fails.
import type { FlatcarAction, Package } from './catalog.js';
import type { CatalogChange } from './catalog-change.js';
import type { ApplicationState } from './catalog-state.js';
import type { PackageCommand } from './commands.js';
import { type DecideContext, type Decided, refuseStale } from './decide-context.js';
import { refuse, type Rejection, type Use } from './rejection.js';
import { isSame, withChanges } from './edit.js';
import { parseVersion } from './version.js';

type CommandOf<Kind extends PackageCommand['kind']> = Extract<PackageCommand, { kind: Kind }>;

export function decidePackage(command: PackageCommand, state: ApplicationState, context: DecideContext): Decided {
  if (command.kind === 'CreatePackage') return createPackage(command, state, context);
  const before = state.packages.get(command.package);
  if (before === undefined) return refuseUnknownPackage();
  const stale = refuseStale(state, before.id, command.seen);
  if (stale !== null) return stale;
  return command.kind === 'EditPackage' ? editPackage(command, before) : deletePackage(state, before);
}

export function refuseUnknownPackage(pointer = '/package'): Rejection {
  return refuse('unknown-package', 'The application has no package with this id.', pointer);
}

function createPackage(command: CommandOf<'CreatePackage'>, state: ApplicationState, context: DecideContext): Decided {
  const { kind: _, id = context.newId(), ...fields } = command;
  const after: Package = { ...fields, id };
  if (state.packages.has(id)) return refuse('id-taken', `A package with id ${id} exists.`, '/id');
  const { versioning } = state.application;
  const version = parseVersion(after.version, versioning);
  if (version === null) {
    return refuse(
      'invalid-version',
      `Version ${after.version} does not parse as ${versioning}, the grammar of this application.`,
      '/version',
    );
  }
  if (version.isUpdateMe) {
    return refuse(
      'invalid-version',
      `Machines say ${after.version} to be updated: no package can have it.`,
      '/version',
    );
  }
  const twin = [...state.packages.values()].find(
    (other) => other.version === after.version && other.arch === after.arch,
  );
  if (twin !== undefined) {
    return refuse(
      'version-taken',
      `Package ${twin.id} is version ${after.version} for ${after.arch} already.`,
      '/version',
    );
  }
  return refuseContents(after) ?? [packageChange('PackageCreated', null, after)];
}

function editPackage({ changes }: CommandOf<'EditPackage'>, before: Package): Decided {
  const after: Package = withChanges(before, changes);
  if (isSame(before, after)) return [];
  return refuseContents(after, '/changes') ?? [packageChange('PackageEdited', before, after)];
}

/** What is blacklisted goes with it; a channel's package or floor is in use. */
export function deletePackage(state: ApplicationState, pkg: Package): Decided {
  const uses = usesOf(state, pkg.id);
  if (uses.length > 0) {
    return refuse(
      'in-use',
      `Channels name version ${pkg.version}: give them another package and remove the floors first.`,
      '',
      uses,
    );
  }
  const underWay = state.underWay.get(pkg.id) ?? 0;
  if (underWay > 0) {
    const words = `${underWay} machines are updating to version ${pkg.version}: wait for them, or cancel their updates.`;
    return refuse('in-use', words, '', [{ kind: 'update', id: pkg.id, name: `${underWay} updates in progress` }]);
  }
  const listed = state.blacklist.filter((entry) => entry.package === pkg.id);
  const { application } = pkg;
  return [
    ...listed.map((before): CatalogChange => {
      const subject = before.channel;
      return {
        of: 'blacklisting',
        kind: 'PackageUnblacklisted',
        application,
        group: null,
        machine: '',
        subject,
        cause: '',
        before,
        after: null,
      };
    }),
    packageChange('PackageDeleted', pkg, null),
  ];
}

function usesOf(state: ApplicationState, id: string): Use[] {
  const current = [...state.channels.values()].filter((channel) => channel.package === id);
  const floors = state.floors.filter((floor) => floor.package === id);
  return [
    ...current.map((channel): Use => ({ kind: 'channel', id: channel.id, name: channel.name })),
    ...floors.map(({ channel }): Use => ({
      kind: 'floor',
      id: channel,
      name: state.channels.get(channel)?.name ?? '',
    })),
  ];
}

function refuseContents(pkg: Package, at = ''): Rejection | null {
  if (pkg.type === 'flatcar' && pkg.action === null) {
    return refuse(
      'action-missing',
      'A Flatcar package needs the action with the base64 SHA-256 of its payload: update_engine checks only that.',
      `${at}/action`,
    );
  }
  if (pkg.type !== 'flatcar' && pkg.action !== null) {
    return refuse(
      'action-not-allowed',
      `Only Flatcar packages have an action; this one is ${pkg.type}.`,
      `${at}/action`,
    );
  }
  return refuseFiles(pkg, at) ?? refuseHashes(pkg, pkg.action, at);
}

function refuseFiles({ filename, files }: Package, at: string): Rejection | null {
  const names = new Set([filename]);
  for (const [i, { name }] of files.entries()) {
    if (names.has(name))
      return refuse('file-name-taken', `Two files of the package have the name ${name}.`, `${at}/files/${i}/name`);
    names.add(name);
  }
  return null;
}

/** The payload's SHA-256 is written twice, once in hex and once in base64: a machine would download it all and then fail. */
function refuseHashes({ sha256 }: Package, action: FlatcarAction | null, at: string): Rejection | null {
  if (sha256 === null || action === null || hexOfBase64(action.sha256) === sha256) return null;
  return refuse(
    'hashes-disagree',
    'The action names another SHA-256 than the package: one of the two is of another file.',
    `${at}/action/sha256`,
  );
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Each base64 letter is six bits; the two last bits of 43 letters are padding. */
function hexOfBase64(text: string): string {
  const bits = text
    .replace('=', '')
    .split('')
    .map((letter) => alphabet.indexOf(letter).toString(2).padStart(6, '0'));
  const nibbles = bits.join('').slice(0, 256).match(/.{4}/g) ?? [];
  return nibbles.map((nibble) => Number.parseInt(nibble, 2).toString(16)).join('');
}

function packageChange(
  kind: 'PackageCreated' | 'PackageEdited' | 'PackageDeleted',
  before: Package | null,
  after: Package | null,
): CatalogChange {
  const { application = '', id: subject = '' } = after ?? before ?? {};
  return { of: 'package', kind, application, group: null, machine: '', subject, cause: '', before, after };
}
