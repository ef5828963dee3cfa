// Which part of a group or of an application is asked about, as the API takes it.
import type { QueryOf } from '@platte/api-contract';
import { option, type Call } from '../call.js';
import { findChannel } from '../resolve.js';

type Part = Pick<QueryOf<'getApplicationBreakdown'>, 'channel' | 'arch' | 'oem' | 'window'>;

/** @param application where the channel is looked for; absent: where `--app` says, or everywhere */
export async function readPart(call: Call, application: string | undefined): Promise<Part> {
  const given = (['arch', 'oem', 'window'] as const).map((name) => [name, option(call, name)] as const);
  const channel = option(call, 'channel');
  return {
    ...Object.fromEntries(given.filter(([, text]) => text !== undefined)),
    ...(channel !== undefined && { channel: await findChannel(call, channel, application) }),
  };
}
