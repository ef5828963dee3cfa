import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { renderSettings, settingsPage } from './settings-reference.js';

it('the settings are what docs/reference/settings.md says: node tools/settings-reference.ts writes it', () => {
  expect(readFileSync(settingsPage, 'utf8')).toBe(renderSettings());
});
