import { eachItem, makeClient } from '@platte/api-contract';
import type { RunFile } from './run-file.js';

/**
 * A port that is open to machines must not offer them payloads that do not exist.
 *
 * @throws when an example package is in a channel: says which, and the command that removes them
 */
export async function refuseExamplePackages({ urls, token }: RunFile): Promise<void> {
  const client = makeClient({ url: urls.api, token });
  const examples = new Map<string, string>();
  for await (const { id, version, arch, example } of eachItem(client.listPackages, {})) {
    if (example) examples.set(id, `${version} (${arch})`);
  }
  for await (const channel of eachItem(client.listChannels, {})) {
    const example = channel.package === null ? undefined : examples.get(channel.package);
    if (example === undefined) continue;
    throw new Error(
      `channel ${channel.name} has the example package ${example}, whose payload does not exist: real machines must not be offered it.\n` +
        'Remove the examples, then try again:  ./platte up   and in another terminal:   ./platte packages delete --examples',
    );
  }
}
