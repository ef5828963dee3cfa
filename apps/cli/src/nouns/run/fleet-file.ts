// `platte export`, `diff` and `apply`.
import { readFileSync, writeFileSync } from 'node:fs';
import type { Client } from '@platte/api-contract';
import { stringify } from 'yaml';
import { exitCodes } from '../../exit-codes.js';
import { flag, option, type Call } from '../call.js';
import { carryOut } from '../fleet-file/carry-out.js';
import { countMachines, describePlan } from '../fleet-file/describe-plan.js';
import { readHeld } from '../fleet-file/held.js';
import { makePlan } from '../fleet-file/plan.js';
import { parseFleetFile } from '../fleet-file/shape.js';
import type { Kept, Plan } from '../fleet-file/steps.js';
import { writeFleetFile } from '../fleet-file/write-file.js';
import { CliError } from '../cli-error.js';
import { confirm } from '../io.js';
import { toPlural } from '../print/words.js';
import { findGivenApplication } from '../resolve.js';
import { parseYaml } from '../yaml-text.js';
import { readText } from './body.js';

export async function exportFleet(call: Call): Promise<void> {
  const { application } = await findGivenApplication(call);
  const held = await readHeld(call.open().client, application);
  const path = option(call, 'output');
  const text = writeFleetFile(held, path === undefined || path === '-' ? undefined : readExisting(path));
  const examples = held.flatMap(({ packages }) => packages.filter(({ example }) => example)).length;
  if (examples > 0) call.io.say(`Left out ${toPlural(examples, 'example package')}.`);
  const paused = held.flatMap(({ groups }) => groups.filter(({ stop }) => stop));
  if (paused.length > 0)
    call.io.say(`Left out that people paused ${paused.map(({ name }) => name).join(', ')}: no file resumes them.`);
  if (path === undefined || path === '-') return call.io.out(text.trimEnd());
  writeFileSync(path, text);
  call.io.say(`Wrote ${toPlural(held.length, 'application')} to ${path}.`);
}

function readExisting(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

interface Prepared {
  plan: Plan;
  /** How many machines each touched group has. */
  machines: Map<string, number>;
}

async function prepare(call: Call): Promise<Prepared> {
  const path = option(call, 'file') ?? 'fleet.yaml';
  const file = parseFleetFile(parseYaml(readText(path), path), path);
  const { client } = call.open();
  const held = await readHeld(client);
  const plan = makePlan(file, held, { prune: flag(call, 'prune'), resumePaused: toReason(call) });
  return { plan, machines: await countTouched(client, plan) };
}

/** @throws CliError */
function toReason(call: Call): string | null {
  const reason = option(call, 'reason') ?? '';
  if (!flag(call, 'resumePaused')) return null;
  if (reason === '') throw new CliError('--resume-paused needs --reason: why do machines go on?', exitCodes.usage);
  return reason;
}

async function countTouched(client: Client, { steps }: Plan): Promise<Map<string, number>> {
  const ids = [...new Set(steps.flatMap(({ groups }) => groups))];
  const counts = ids.map(async (id) => [id, (await client.getGroupBreakdown({ params: { id } })).total] as const);
  return new Map(await Promise.all(counts));
}

/** The plan is what `diff` is asked for, so it is data; before `apply` it is talk. */
function printPlan(call: Call, { plan, machines }: Prepared, print: (text: string) => void): void {
  const whole = {
    machines: countMachines(plan.steps, machines),
    steps: plan.steps.map((step) => ({
      action: { '+': 'create', '~': 'change', '-': 'delete' }[step.sign],
      of: step.of,
      differences: step.differences,
      machines: countMachines([step], machines),
    })),
    kept: plan.kept.map(({ of, why, step }) => ({ of, why, waits: step !== undefined })),
    left: plan.left,
  };
  switch (call.options['output']) {
    case 'json':
      return call.io.out(JSON.stringify(whole, null, 2));
    case 'yaml':
      return call.io.out(stringify(whole).trimEnd());
    default:
      return print(describePlan(plan, machines, call.io.colours));
  }
}

/** @returns as diff(1) does: 1 when there is a difference */
export async function diffFleet(call: Call): Promise<number> {
  const prepared = await prepare(call);
  printPlan(call, prepared, (text) => call.io.out(text));
  const { steps, kept } = prepared.plan;
  return steps.length === 0 && !waits(kept) ? exitCodes.ok : exitCodes.failed;
}

const waits = (kept: readonly Kept[]): boolean => kept.some(({ step }) => step !== undefined);

/** @returns 1 when something of the file waits for what people stopped */
export async function applyFleet(call: Call): Promise<number> {
  const prepared = await prepare(call);
  const { plan, machines } = prepared;
  printPlan(call, prepared, (text) => call.io.say(text));
  const end = waits(plan.kept) ? exitCodes.failed : exitCodes.ok;
  if (plan.steps.length === 0) return end;
  if (flag(call, 'dryRun')) {
    call.io.say('A dry run: nothing was changed.');
    return end;
  }
  const touched = toPlural(countMachines(plan.steps, machines), 'machine');
  await confirm(call.io, `Do ${toPlural(plan.steps.length, 'step')}, touching ${touched}?`, flag(call, 'yes'));
  let done = 0;
  try {
    await carryOut(call.open().client, plan, ({ sign, of }) => {
      done++;
      call.io.say(`${sign} ${of}: done`);
    });
  } catch (error) {
    call.io.say(`${done} of ${plan.steps.length} steps are done; run it again for the rest.`);
    throw error;
  }
  call.io.say(`Done: ${toPlural(done, 'step')}.`);
  return end;
}
