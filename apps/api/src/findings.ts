// What the platform found out about its own history, for the activity feed: facts of the archive.
import { toInstant, type Activity } from '@platte/api-contract';
import type { HistoryDiffered } from '@platte/facts';
import { activity, type History } from '@platte/history';
import { byRule } from './actor-view.js';

interface Finding {
  at: number;
  n: number;
  item: Activity;
}

export async function readFindings(
  history: History,
  asked: { apps: readonly string[]; limit: number; before: { at: number; n: number } | undefined },
): Promise<Finding[]> {
  const { items } = await activity(history, { ...asked, kinds: ['HistoryDiffered'] });
  return items.flatMap((fact) => (fact.kind === 'HistoryDiffered' ? [toFinding(fact)] : []));
}

function toFinding(fact: HistoryDiffered): Finding {
  const { at, n, app: application, kind, examples } = fact;
  const about = { application, group: null, subject: examples[0]?.machine ?? '', ...byRule };
  return { at, n, item: { id: `finding-${at}-${n}`, at: toInstant(at), kind, ...about, words: toWords(fact) } };
}

function toWords({ differing, compared, position, examples }: HistoryDiffered): string {
  const machines = differing === 1 ? '1 machine' : `${differing} machines`;
  const [first] = examples;
  const example = first
    ? `. ${first.machine} is ${toState(first.inState)} in PostgreSQL and ${toState(first.inHistory)} in ClickHouse`
    : '';
  return `The history and PostgreSQL differ in ${machines} of ${compared}, up to message ${position} of the log${example}. Please report this.`;
}

function toState(known: HistoryDiffered['examples'][number]['inHistory']): string {
  if (known === null) return 'unknown';
  const { version, group, status } = known;
  return `${version === '' ? 'without a version' : `at ${version}`}, ${status}, in ${group === null ? 'no group' : `group ${group}`}`;
}
