import { expect, it } from 'vitest';
import { factKinds, toJsonSchema } from './facts.js';

it('describes every kind of fact', () => {
  const schema = JSON.stringify(toJsonSchema());
  expect(JSON.parse(schema)).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'Fact' });
  expect(factKinds.filter((kind) => !schema.includes(`"${kind}"`))).toEqual([]);
});
