// Lints the committed OpenAPI document with somebody else's eyes: Redocly's engine (the part of its command line that lints),
// which knows what generators of clients and pages stumble over. That the document is the one that is served is a test's.
import { readFileSync } from 'node:fs';
import { createConfig, formatProblems, lintFromString } from '@redocly/openapi-core';

const path = 'docs/reference/openapi.json';

const config = await createConfig({
  extends: ['recommended-strict'],
  rules: {
    'operation-operationId-unique': 'error',
    'operation-operationId-url-safe': 'error',
    'operation-description': 'off',
    'operation-singular-tag': 'error',
    'operation-tag-defined': 'error',
    'tag-description': 'error',
    'no-ambiguous-paths': 'error',
    'no-path-trailing-slash': 'error',
    'no-identical-paths': 'error',
    'no-unused-components': 'error',
    'no-invalid-media-type-examples': 'error',
    'no-required-schema-properties-undefined': 'error',
    'path-params-defined': 'error',
    'parameter-description': 'error',
    'operation-parameters-unique': 'error',
    'operation-4xx-response': 'error',
    'operation-4xx-problem-details-rfc7807': 'error',
    'spec-components-invalid-map-name': 'error',
    'security-defined': 'error',
  },
});
const problems = await lintFromString({ source: readFileSync(path, 'utf8'), absoluteRef: path, config });
const found = problems.filter(({ ignored }) => !ignored);
formatProblems(found, { format: 'codeframe', totals: { errors: found.length, warnings: 0, ignored: 0 }, version: '' });
if (found.length > 0) process.exit(1);
