// How full the disk of the history is: of all disks of the server that answers, the one that has the least left of itself. In a
// cluster the others are not seen: each is watched with ClickHouse's own metrics.
import type { History } from './connection.js';

export interface DiskFill {
  /** `host, disk`. */
  where: string;
  usedBytes: number;
  limitBytes: number;
}

/** Object storage says that it has all the bytes there are: it is not a disk that fills. */
const countedBytesMax = 2 ** 60;

const fullestDisk = `
select hostName() || ', ' || name as "where",
  toFloat64(total_space - unreserved_space) as usedBytes, toFloat64(total_space) as limitBytes
from system.disks
where total_space > 0 and total_space < ${countedBytesMax}
order by usedBytes / limitBytes desc, "where"
limit 1`;

/** @returns undefined where no disk has a size */
export async function readDiskFill(history: History): Promise<DiskFill | undefined> {
  const [fullest] = await history.read<DiskFill>(fullestDisk);
  return fullest;
}
