// The one Nest module of api: its controllers, and what stands around each of them.
import { Module, type DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR } from '@nestjs/core';
import { AccessController } from './controllers/access.controller.js';
import { ActivityController } from './controllers/activity.controller.js';
import { CatalogCommandsController } from './controllers/catalog-commands.controller.js';
import { CatalogController } from './controllers/catalog.controller.js';
import { EventsController } from './controllers/events.controller.js';
import { GroupCommandsController } from './controllers/group-commands.controller.js';
import { GroupsController } from './controllers/groups.controller.js';
import { InstanceCommandsController } from './controllers/instance-commands.controller.js';
import { InstancesController } from './controllers/instances.controller.js';
import { LogController } from './controllers/log.controller.js';
import { ProgressController } from './controllers/progress.controller.js';
import { RestoreController } from './controllers/restore.controller.js';
import { SystemController } from './controllers/system.controller.js';
import { TimelinesController } from './controllers/timelines.controller.js';
import { AccessGuard, type Identify, type Throttle } from './http/access-guard.js';
import { AnswerHeaders } from './http/answer-headers.js';
import { DryRunFilter } from './http/dry-run-filter.js';
import { Idempotency } from './http/idempotency.js';
import { ProblemFilter } from './http/problem-filter.js';
import { ApiParts } from './parts.js';

const controllers = [
  AccessController,
  ActivityController,
  CatalogController,
  CatalogCommandsController,
  EventsController,
  GroupsController,
  GroupCommandsController,
  InstancesController,
  InstanceCommandsController,
  LogController,
  ProgressController,
  RestoreController,
  SystemController,
  TimelinesController,
];

@Module({})
export class ApiModule {
  static of({ parts, identify, throttle }: { parts: ApiParts; identify: Identify; throttle: Throttle }): DynamicModule {
    return {
      module: ApiModule,
      controllers,
      providers: [
        { provide: ApiParts, useFactory: () => parts },
        { provide: APP_GUARD, useFactory: () => new AccessGuard(identify, throttle) },
        // The first stands outside of the others: an answer is kept with its headers.
        { provide: APP_INTERCEPTOR, useFactory: () => new Idempotency(parts.store, parts.now) },
        { provide: APP_INTERCEPTOR, useFactory: () => new AnswerHeaders() },
        // The last is asked first.
        { provide: APP_FILTER, useFactory: () => new ProblemFilter(parts.log) },
        { provide: APP_FILTER, useFactory: () => new DryRunFilter(parts) },
      ],
    };
  }
}
