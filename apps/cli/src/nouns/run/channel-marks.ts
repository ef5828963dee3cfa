// Floors and blacklist of a channel.
import { argument, option, type Call } from '../call.js';
import { printChange } from '../print/change.js';
import { findChannel, findPackage } from '../resolve.js';

interface Mark {
  /** What people are told: `4459.2.1 in stable/amd64`. */
  words: string;
  params: { id: string; package: string };
}

async function findMark(call: Call): Promise<Mark> {
  const id = await findChannel(call, argument(call, 0));
  const { application, arch, name } = await call.open().client.getChannel({ params: { id } });
  const pack = await findPackage(call, argument(call, 1), { application, arch });
  return { words: `${argument(call, 1)} in ${name}/${arch}`, params: { id, package: pack } };
}

export async function setFloor(call: Call): Promise<void> {
  const { words, params } = await findMark(call);
  const body = { reason: option(call, 'reason') ?? '' };
  printChange(call, `Set floor ${words}.`, await call.open().client.setFloor({ params, body }));
}

export async function removeFloor(call: Call): Promise<void> {
  const { words, params } = await findMark(call);
  await call.open().client.removeFloor({ params });
  call.io.say(`Removed floor ${words}.`);
}

export async function blacklistPackage(call: Call): Promise<void> {
  const { words, params } = await findMark(call);
  printChange(call, `Blacklisted ${words}.`, await call.open().client.blacklistPackage({ params }));
}

export async function unblacklistPackage(call: Call): Promise<void> {
  const { words, params } = await findMark(call);
  await call.open().client.unblacklistPackage({ params });
  call.io.say(`Took ${words} off the blacklist.`);
}
