// What a running program says of itself at /readyz, as findings of `platte doctor`: what is not up, and what may fill.
import { z } from 'zod';
import type { Finding } from './finding.js';

const Report = z.object({
  dependencies: z.array(z.object({ name: z.string(), need: z.string(), state: z.string(), detail: z.string() })),
});

/** Told also when they are well: how full it is, and how far back one can go. */
const isShown = (name: string): boolean => name.startsWith('room: ') || name === 'replayable';
const patienceMs = 3_000;

/** @param internalUrl of its internal port */
export async function inspectProgram(program: string, internalUrl: string | undefined): Promise<Finding[]> {
  try {
    const response = await fetch(`${internalUrl}/readyz`, { signal: AbortSignal.timeout(patienceMs) });
    return toFindings(program, Report.parse(await response.json()));
  } catch (error) {
    const text = `does not say how it is: ${error instanceof Error ? error.message : String(error)}`;
    return [{ name: program, ok: false, text }];
  }
}

function toFindings(program: string, { dependencies }: z.output<typeof Report>): Finding[] {
  return (
    dependencies
      // What a program can do without has not been asked yet: no news.
      .filter(
        ({ name, need, state }) => isShown(name) || (state !== 'up' && !(need === 'reported' && state === 'starting')),
      )
      .map(({ name, need, state, detail }): Finding => ({
        name: program,
        ok: state === 'up' || need === 'reported',
        isWarning: state === 'warning' || (state !== 'up' && need === 'reported'),
        text: `${name}: ${isShown(name) && state === 'up' ? '' : `${state}, `}${detail}`,
      }))
  );
}
