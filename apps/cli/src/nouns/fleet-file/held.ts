// The catalog as the platform holds it.
import { type Application, type Channel, type Client, type Group, type Package } from '@platte/api-contract';
import { exitCodes } from '../../exit-codes.js';
import { CliError } from '../cli-error.js';
import { readAll } from '../run/rows.js';

export interface HeldApplication {
  application: Application;
  packages: Package[];
  channels: Channel[];
  groups: Group[];
  deadEnds: { version: string; reason: string }[];
}

export async function readHeld(client: Client, only?: string): Promise<HeldApplication[]> {
  const applications = (await readAll(client.listApplications, {})).filter(
    ({ id }) => only === undefined || id === only,
  );
  if (applications.length === 0 && only !== undefined)
    throw new CliError(`There is no application ${only}, or you may not see it.`, exitCodes.notFound);
  return Promise.all(
    applications.map(async (application): Promise<HeldApplication> => {
      const query = { application: application.id };
      const [packages, channels, groups, deadEnds] = await Promise.all([
        readAll(client.listPackages, { query }),
        readAll(client.listChannels, { query }),
        readAll(client.listGroups, { query }),
        client.listDeadEnds({ params: { id: application.id } }),
      ]);
      return { application, packages, channels, groups, deadEnds: deadEnds.items };
    }),
  );
}
