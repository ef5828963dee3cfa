import { Controller } from '@nestjs/common';
import { makeOpenApi, type OutputOf } from '@platte/api-contract';
import type { OpenApi } from '../docs/document.js';
import { renderDocs } from '../docs/page.js';
import { Operation } from '../http/operation-route.js';
import { ApiParts } from '../parts.js';

@Controller()
export class SystemController {
  private readonly document: Record<string, unknown>;
  private readonly page: string;

  constructor(private readonly parts: ApiParts) {
    this.document = makeOpenApi(parts.version);
    this.page = renderDocs(this.document as unknown as OpenApi);
  }

  @Operation('getHealth')
  async getHealth(): Promise<OutputOf<'getHealth'>> {
    const { dependencies, ready } = this.parts.health.report();
    const checks = dependencies.map(({ name, state }) => [name, { status: state === 'up' ? 'ok' : 'failed' }] as const);
    const isWell = ready && checks.every(([, { status }]) => status === 'ok');
    return { status: isWell ? 'ok' : 'degraded', checks: Object.fromEntries(checks) };
  }

  @Operation('getVersion')
  async getVersion(): Promise<OutputOf<'getVersion'>> {
    return { version: this.parts.version, api: 'v1', node: process.versions.node };
  }

  @Operation('getOpenApi')
  async getOpenApi(): Promise<OutputOf<'getOpenApi'>> {
    return this.document;
  }

  @Operation('getDocs')
  async getDocs(): Promise<string> {
    return this.page;
  }
}
