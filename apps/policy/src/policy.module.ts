// How policy is put together. Every provider is made by a factory from those before it; what must end in order tells the
// stopper so where it is made.
import { type DynamicModule, Module, type Provider } from '@nestjs/common';
import type { SnapshotIndex } from '@platte/rollout';
import { answerClock } from './answer-clock.js';
import { answerQuestions } from './answer-questions.js';
import { CatalogController } from './catalog.controller.js';
import { type GrantDesk, openGrantDesk } from './grant-desk.js';
import { startEnding } from './ending.js';
import { watchLockedGroups } from './locked-groups.js';
import { startLoggingStops } from './log-stops.js';
import type { Parts } from './parts.js';
import { type Publishing, startPublishing } from './publish-snapshots.js';
import { type OutboxRelay, startRelaying } from './relay-outbox.js';
import { makeReadArchived } from './read-archived.js';
import { openRestoreGate, type RestoreGate } from './restore-gate.js';
import { makeRunCommand, type RunCommand } from './run-command.js';
import { startSweepingForces } from './sweep-forces.js';

@Module({})
export class PolicyModule {
  static of(parts: Parts): DynamicModule {
    return {
      module: PolicyModule,
      controllers: [CatalogController],
      providers: [{ provide: 'parts', useValue: parts }, ...providers],
    };
  }
}

const providers: Provider[] = [
  // The catalog as this process decides by it: from PostgreSQL, brought up to date by publishing and by deciding.
  { provide: 'catalog', useFactory: () => new Map<string, SnapshotIndex>() },
  {
    provide: 'publishing',
    inject: ['parts', 'catalog'],
    useFactory: (parts: Parts, catalog: Map<string, SnapshotIndex>): Promise<Publishing> =>
      startPublishing(parts, catalog),
  },
  { provide: 'runCommand', inject: ['parts'], useFactory: (parts: Parts): RunCommand => makeRunCommand(parts) },
  // Before the outbox is relayed: the log's last message says whether this database is older.
  {
    provide: 'gate',
    inject: ['parts'],
    useFactory: (parts: Parts): Promise<RestoreGate> => openRestoreGate(parts, makeReadArchived(parts)),
  },
  { provide: 'relay', inject: ['parts', 'gate'], useFactory: (parts: Parts): OutboxRelay => startRelaying(parts) },
  {
    provide: 'grantDesk',
    inject: ['parts', 'catalog', 'relay', 'gate', 'publishing'],
    useFactory: (parts: Parts, catalog: Map<string, SnapshotIndex>, relay: OutboxRelay, gate: RestoreGate): GrantDesk =>
      openGrantDesk(parts, catalog, relay, gate),
  },
  { provide: 'questions', inject: ['parts', 'grantDesk'], useFactory: answerQuestions },
  { provide: 'clock', inject: ['parts'], useFactory: answerClock },
  { provide: 'ending', inject: ['parts', 'grantDesk', 'relay', 'gate'], useFactory: startEnding },
  { provide: 'loggedStops', inject: ['parts', 'relay'], useFactory: startLoggingStops },
  { provide: 'lockedGroups', inject: ['parts'], useFactory: watchLockedGroups },
  { provide: 'sweepForces', inject: ['parts'], useFactory: startSweepingForces },
];
