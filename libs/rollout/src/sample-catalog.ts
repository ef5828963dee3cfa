// A small catalog for tests, made by commands: application `Flatcar` with three packages, three channels and a group on
// `stable`, whose rollout is under way.
import { type ApplicationState, type CatalogState, evolveCatalog, noCatalog } from './catalog-state.js';
import { CatalogCommand, type CatalogCommandInput } from './commands.js';
import { decideCatalog } from './decide-catalog.js';
import { isRejection } from './rejection.js';

export const now = Date.parse('2026-11-27T11:00:00Z');
export const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
export const app = id(1);
export const otherApp = id(2);
export const pkg1 = id(3);
export const pkg2 = id(4);
export const pkgArm = id(5);
export const stable = id(6);
export const beta = id(7);
export const arm = id(8);
export const group = id(9);
export const group2 = id(10);

export function drawIds(): () => string {
  let drawn = 100;
  return () => id(drawn++);
}

/** Applies commands that must be taken, in order. */
export function given(...commands: readonly CatalogCommandInput[]): CatalogState {
  let revision = 0;
  const newId = drawIds();
  return commands.reduce((state, input) => {
    const decided = decideCatalog(CatalogCommand.parse(input), state, {
      actor: { kind: 'person', name: 'anna' },
      now,
      newId,
      forceMs: 1000,
    });
    if (isRejection(decided)) throw new Error(`${input.kind}: ${decided.words}`);
    revision += 1;
    const next = decided.reduce(evolveCatalog, state);
    if (next.application === null) return next;
    const changed = new Map([
      ...next.application.changed,
      ...decided.map((change) => [change.subject, revision] as const),
    ]);
    return { ...next, application: { ...next.application, changed } };
  }, noCatalog);
}

export const when = (state: CatalogState, input: CatalogCommandInput) =>
  decideCatalog(CatalogCommand.parse(input), state, {
    actor: { kind: 'person', name: 'anna' },
    now,
    newId: () => id(999),
    forceMs: 1000,
  });

/** The changes in words: kind, subject, and the fields that are new. */
export function said(decided: ReturnType<typeof when>): unknown {
  if (isRejection(decided)) return decided;
  return decided.map(({ kind, subject, before, after }) => {
    const old: Record<string, unknown> = { ...before };
    const fields = Object.entries(after ?? {}).filter(
      ([key, value]) => JSON.stringify(value) !== JSON.stringify(old[key]),
    );
    return [kind, subject, after === null ? null : Object.fromEntries(before === null ? [] : fields)];
  });
}

export const withState = (state: CatalogState, changes: Partial<ApplicationState>): CatalogState => ({
  ...state,
  application: state.application && { ...state.application, ...changes },
});

const action = { sha256: `${'A'.repeat(43)}=` };
export const payload = { application: app, url: 'https://example.org/', filename: 'update.gz', size: 10, action };
export const createApplication = {
  kind: 'CreateApplication',
  id: app,
  name: 'Flatcar',
  productId: 'io.example.Agent',
} satisfies CatalogCommandInput;
export const packages = [
  { kind: 'CreatePackage', ...payload, id: pkg1, version: '1.0.0', arch: 'amd64' },
  { kind: 'CreatePackage', ...payload, id: pkg2, version: '2.0.0', arch: 'amd64' },
  { kind: 'CreatePackage', ...payload, id: pkgArm, version: '1.0.0', arch: 'arm64' },
] as const satisfies CatalogCommandInput[];
export const channels = [
  { kind: 'CreateChannel', application: app, id: stable, name: 'stable', arch: 'amd64', package: pkg1 },
  { kind: 'CreateChannel', application: app, id: beta, name: 'beta', arch: 'amd64' },
  { kind: 'CreateChannel', application: app, id: arm, name: 'stable', arch: 'arm64' },
] as const satisfies CatalogCommandInput[];
export const createGroup = {
  kind: 'CreateGroup',
  application: app,
  id: group,
  name: 'Stable',
  track: 'stable',
  channel: stable,
} satisfies CatalogCommandInput;
export const base: readonly CatalogCommandInput[] = [createApplication, ...packages, ...channels, createGroup];
export const catalog = given(...base);
export const ofStable = { application: app, channel: stable };
export const ofGroup = { application: app, group };
/** Its group's first rollout: of version 1.0.0. */
export const rollout = id(100);
export const finish = { kind: 'FinishRollout', ...ofGroup, rollout } satisfies CatalogCommandInput;
export const ofMachine = { application: app, machine: 'm1' };
