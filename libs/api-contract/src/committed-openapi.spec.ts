import { expect, it } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { makeOpenApi } from './openapi.js';

// `npx vitest run --project unit libs/api-contract -u` writes it anew: the diff is what callers will see.
it('is committed as it is served', async () => {
  const text = `${JSON.stringify(makeOpenApi(manifest.version), null, 2)}\n`;
  await expect(text).toMatchFileSnapshot('../../../docs/reference/openapi.json');
});
