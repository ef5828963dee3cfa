// A process that puts records into a spool as fast as it can, and says of each whether it is safe: its parent kills it,
// or gives it a disk that is full.
import { openSpool } from '../../libs/fact-log/src/spool.js';

const [folder = '', bodyBytes = '1000'] = process.argv.slice(2);
const spool = await openSpool({ folder, bytesMax: 1_000_000_000, segmentBytesMax: 1_000_000 });
const body = Buffer.alloc(Number(bodyBytes), 'x');
let n = 0;
const putOne = (): void => {
  const id = `${process.pid}.${n++}`;
  spool.append({ id, body }, (error) => {
    process.stdout.write(`${error === undefined ? 'safe' : error.reason} ${id}\n`);
    setImmediate(putOne);
  });
};
for (let lane = 0; lane < 8; lane++) putOne();
