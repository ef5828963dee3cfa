import { Controller } from '@nestjs/common';
import type { OutputOf } from '@platte/api-contract';
import { Operation } from '../http/operation-route.js';
import { ApiParts } from '../parts.js';

@Controller()
export class SystemController {
  constructor(private readonly parts: ApiParts) {}

  @Operation('getHealth')
  async getHealth(): Promise<OutputOf<'getHealth'>> {
    const { dependencies, ready } = this.parts.health.report();
    const checks = dependencies.map(({ name, state }) => [name, { status: state === 'up' ? 'ok' : 'failed' }] as const);
    return { status: ready ? 'ok' : 'degraded', checks: Object.fromEntries(checks) };
  }

  @Operation('getVersion')
  async getVersion(): Promise<OutputOf<'getVersion'>> {
    return { version: this.parts.version, api: 'v1', node: process.versions.node };
  }
}
