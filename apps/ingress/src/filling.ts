// What ingress sees fill: its spool while NATS is away, and the disk below it, which others fill too.
import { type FillingPlace, readDiskFill } from '@platte/service';

interface Needs {
  folder: string;
  spooledBytes: () => number;
  spoolBytesMax: number;
}

export function fillingPlaces({ folder, spooledBytes, spoolBytesMax }: Needs): FillingPlace[] {
  return [
    {
      name: 'spool',
      read: async () => ({ usedBytes: spooledBytes(), limitBytes: spoolBytesMax }),
      advice: 'when it is full, machines get 503: bring NATS back (or give FACTS room), or raise PLATTE_SPOOL_MAX',
    },
    {
      name: 'spool-disk',
      read: () => readDiskFill(folder),
      advice: `when it is full, nothing can be spooled while NATS is away: free some of the disk of ${folder}`,
    },
  ];
}
