import { relative } from 'node:path';
import pc from 'picocolors';
import type { RunFile } from './run-file.js';

/** What a person sees when everything serves: where it is, and what to try next. */
export function describePlatform(run: RunFile, { dataDir, examples }: { dataDir: string; examples: boolean }): string {
  const inside = relative(process.cwd(), dataDir);
  const folder = inside === '' || inside.startsWith('..') ? dataDir : `./${inside}`;
  const rows = [
    ['machines', run.urls.omaha],
    ['API', `${run.urls.api}/api/v1`],
    ['SQL', `${run.urls.sql} (read only: user ${run.sql.user}, password in ${folder}/run.json)`],
    ['data', `${folder} (logs in ${folder}/logs)`],
  ];
  const lines = rows.map(([name, value]) => `  ${pc.bold(name!.padEnd(9))} ${value!}`);
  const next = [
    `  ./platte simulate --url ${run.urls.omaha} --instances 2000 --speed 600`,
    '  ./platte top            the fleet at a glance',
    '  ./platte why <machine>  why it got the answer it got',
    `  curl -H "Authorization: Bearer $(node -p 'require("${folder}/run.json").token')" ${run.urls.api}/api/v1/applications`,
  ];
  return [
    pc.green('Platte is up.'),
    ...lines,
    ...(examples ? ['  The packages of a first start are examples: no payload exists behind them.'] : []),
    '',
    'Try in another terminal:',
    ...next,
    '',
    'Ctrl-C stops everything.',
  ].join('\n');
}
