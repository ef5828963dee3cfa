// Machines: search, one of them, its history, why it was not updated, and what people do to it.
import { z } from 'zod';
import { Uuid } from '@platte/rollout';
import { Because } from '../groups.js';
import { EditInstance, HistoryItem, Instance, InstanceSummary, WhyAnswer } from '../instances.js';
import { operation } from '../operation.js';
import { pageOf, paging } from '../page.js';
import { instanceFilters, instanceSorting } from './instance-filters.js';

const MachineParams = z.strictObject({
  id: z.string().min(1).max(128).describe('As the machine reported it, percent-encoded.'),
});
const whichApplication = {
  application: Uuid.optional().describe('Needed where several applications know the machine.'),
};
const OfMachine = z.strictObject(whichApplication);

const anywhere = {
  application: Uuid.optional().describe('Only of this application.'),
  group: Uuid.optional().describe('Only of this group.'),
};

const ofOne = {
  tag: 'instances',
  scope: 'application',
  params: MachineParams,
  problems: ['ambiguous-instance'],
} as const;

export const instanceOperations = {
  listInstances: operation({
    method: 'GET',
    path: '/instances',
    tag: 'instances',
    summary: 'Search machines across the whole fleet, application by application',
    role: 'viewer',
    scope: 'filtered',
    query: z.strictObject({ ...anywhere, ...instanceFilters, ...instanceSorting, ...paging }),
    status: 200,
    response: pageOf(InstanceSummary),
  }),
  countInstances: operation({
    method: 'GET',
    path: '/instance-count',
    tag: 'instances',
    summary: 'How many machines a search finds',
    role: 'viewer',
    scope: 'filtered',
    query: z.strictObject({ ...anywhere, ...instanceFilters }),
    status: 200,
    response: z.object({ count: z.number().int() }),
  }),
  getInstance: operation({
    ...ofOne,
    method: 'GET',
    path: '/instances/{id}',
    summary: 'Show one machine',
    role: 'viewer',
    query: OfMachine,
    status: 200,
    response: Instance,
  }),
  getInstanceHistory: operation({
    ...ofOne,
    method: 'GET',
    path: '/instances/{id}/history',
    summary: 'All that a machine reported and was answered, newest first',
    role: 'viewer',
    query: z.strictObject({
      ...whichApplication,
      all: z.stringbool().default(false).describe('Also check-ins that said and got the same as the one before.'),
      ...paging,
    }),
    status: 200,
    response: pageOf(HistoryItem),
  }),
  getInstanceAnswer: operation({
    ...ofOne,
    method: 'GET',
    path: '/instances/{id}/answer',
    summary: 'Why was it not updated? The last answer, its reason and inputs, who decided so, and when it would change',
    role: 'viewer',
    query: OfMachine,
    status: 200,
    response: WhyAnswer,
  }),
  editInstance: operation({
    ...ofOne,
    method: 'PATCH',
    path: '/instances/{id}',
    summary: 'Name or label a machine',
    role: 'operator',
    isCommand: true,
    query: OfMachine,
    body: EditInstance,
    status: 200,
    response: Instance,
  }),
  deleteInstance: operation({
    ...ofOne,
    method: 'DELETE',
    path: '/instances/{id}',
    summary: 'Forget a machine: its open lease ends; it comes back with its next request',
    role: 'admin',
    isCommand: true,
    query: OfMachine,
    status: 204,
  }),
  holdInstance: machineCommand('hold', 'Offer nothing to a machine until it is released'),
  releaseInstance: machineCommand('release', 'End the hold of a machine'),
  forceInstance: machineCommand(
    'force',
    'Skip waves, windows and back-off for its next grant; never a limit, a pause or a halt',
  ),
  cancelInstance: machineCommand('cancel', 'End the open attempt of a machine'),
  retryInstance: machineCommand('retry', 'Forget the failures of a machine, so that it is offered the update again'),
};

function machineCommand<const Verb extends string>(verb: Verb, summary: string) {
  return operation({
    ...ofOne,
    method: 'POST',
    path: `/instances/{id}/${verb}`,
    summary,
    role: 'operator',
    isCommand: true,
    query: OfMachine,
    body: Because,
    status: 200,
    response: Instance,
  });
}
