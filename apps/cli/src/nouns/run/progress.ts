// What `failures`, `funnel`, `silent`, `progress` and `seen` ask, of a group or of an application.
import type { Failures, Funnel, InstancesSeen, QueryOf, SilentInstance, StatusCounts } from '@platte/api-contract';
import { pageLimitMax } from '@platte/api-contract';
import { argument, option, type Call, type Run } from '../call.js';
import { describeCounts } from '../print/counts.js';
import { printItem, printList } from '../print/output.js';
import { failureColumns, funnelColumns, silentColumns } from '../print/progress-views.js';
import { renderTable } from '../print/table.js';
import { toCount } from '../print/words.js';
import type { ProgressQuestion } from '../progress-question.js';
import { findApplication, findGroup } from '../resolve.js';
import { groupNames } from './names.js';
import { readPart } from './part.js';

type Of = 'group' | 'application';
type Asked = { params: { id: string }; query: QueryOf<'getApplicationFailures'> };

export function ask(of: Of, question: ProgressQuestion): Run {
  return async (call) => {
    const id = await (of === 'group' ? findGroup : findApplication)(call, argument(call, 0));
    return answers[question](call, of, { params: { id }, query: await toQuery(call, of === 'group' ? undefined : id) });
  };
}

async function toQuery(call: Call, application: string | undefined): Promise<Asked['query']> {
  const given = (name: string): Record<string, string> => {
    const text = option(call, name);
    return text === undefined ? {} : { [name]: text };
  };
  const range = option(call, 'from') === undefined ? given('range') : given('from');
  return {
    ...range,
    ...given('to'),
    ...(await readPart(call, application)),
    ...(call.options['limit'] !== undefined && { limit: Number(call.options['limit']) || pageLimitMax }),
  };
}

const answers: Record<ProgressQuestion, (call: Call, of: Of, asked: Asked) => Promise<void>> = {
  async failures(call, of, asked) {
    const { client } = call.open();
    const found = await (of === 'group' ? client.getGroupFailures(asked) : client.getApplicationFailures(asked));
    printFailures(call, found);
  },
  async funnel(call, of, asked) {
    const { client } = call.open();
    printFunnel(call, await (of === 'group' ? client.getGroupFunnel(asked) : client.getApplicationFunnel(asked)));
  },
  async silent(call, of, asked) {
    const { client } = call.open();
    const ask = of === 'group' ? client.getGroupSilentInstances : client.getApplicationSilentInstances;
    const [{ items }, groups] = await Promise.all([ask(asked), groupNames(call)]);
    printList(
      call,
      items,
      silentColumns(groups),
      ({ id }: SilentInstance) => id,
      'No machine that took a grant is silent.',
    );
  },
  async progress(call, of, asked) {
    const { client } = call.open();
    const found = await (of === 'group'
      ? client.getGroupStatusCounts(asked)
      : client.getApplicationStatusCounts(asked));
    printProgress(call, found);
  },
  async seen(call, of, asked) {
    const { client } = call.open();
    printSeen(
      call,
      await (of === 'group' ? client.getGroupInstancesSeen(asked) : client.getApplicationInstancesSeen(asked)),
    );
  },
};

const between = ({ from, to }: { from: string; to: string }): string => `from ${from} to ${to}`;

function printFailures(call: Call, found: Failures): void {
  printList(call, found.items, failureColumns, ({ words }) => words, `No update failed ${between(found)}.`);
}

function printFunnel(call: Call, funnel: Funnel): void {
  const { io, options } = call;
  if (options['output'] !== 'table')
    return printItem(
      call,
      funnel,
      () => [],
      ({ to }) => to,
    );
  const { steps, failed, rolledBack, timedOut } = funnel;
  if ((steps[0]?.attempts ?? 0) === 0) return io.say(`No update was granted ${between(funnel)}.`);
  io.out(
    renderTable(steps, funnelColumns(steps), { now: io.now(), width: io.width, isWide: false, bold: io.colours.bold }),
  );
  const others = [`${toCount(failed)} failed`, `${toCount(rolledBack)} rolled back`, `${toCount(timedOut)} timed out`];
  io.say(`Times are from the grant. Ended otherwise: ${others.join(', ')}.`);
}

function printProgress(call: Call, counts: StatusCounts): void {
  printItem(
    call,
    counts,
    ({ from, to, total, statuses }) => [
      ['From', from],
      ['To', to],
      ['Machines', total === 0 ? 'none seen' : toCount(total)],
      ['Statuses', describeCounts(statuses, total)],
    ],
    ({ to }) => to,
  );
}

function printSeen(call: Call, seen: InstancesSeen): void {
  printItem(
    call,
    seen,
    ({ from, to, instances }) => [
      ['From', from],
      ['To', to],
      ['Machines', toCount(instances)],
    ],
    ({ instances }) => String(instances),
  );
}
