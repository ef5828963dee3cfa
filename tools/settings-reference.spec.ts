import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { renderSettings, settingsPage } from './settings-reference.js';

it('the settings are what docs/reference/settings.md says: node tools/settings-reference.ts writes it', () => {
  expect(readFileSync(settingsPage, 'utf8')).toBe(renderSettings());
});

it('the internal ports of the programs differ, so that all of them fit on one machine', () => {
  const ports = [...renderSettings().matchAll(/`PLATTE_INTERNAL_PORT` \| `(\d+)`/g)].map(([, port]) => port);
  expect(ports).toEqual(['9401', '9402', '9403', '9404']);
  const page = readFileSync(join(import.meta.dirname, '../docs/how-to/run-the-programs-yourself.md'), 'utf8');
  expect(page).toContain('| 9401 | 9402 | 9403 | 9404 |');
});
