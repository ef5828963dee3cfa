// nats-server does not get over a full disk by itself: once a write has failed, the stream refuses every further message until the
// server is started again, also when there is space. It goes on answering whoever asks, and only its log says what happened.
//
//   well -> full    a line of its log says that the disk is full, or that JetStream is disabled: people are told what to do
//   full -> well    the disk has room again: nats-server is started again, on the same port and data
import { statfs } from 'node:fs/promises';
import { toGibibytes } from './disk-plan.js';

export interface FullDiskWatch {
  /** Each line of nats-server's log. */
  note: (line: string) => void;
  stop: () => void;
}

interface Options {
  folder: string;
  say: (line: string) => void;
  restart: () => Promise<unknown>;
}

/** Of nats-server 2.10 to 2.15: a failed write, and JetStream that ends because of it. */
const fullLine = /no space left on device|JetStream out of .*resources, will be DISABLED/i;
const lookMs = 2_000;
/** Less would be full again before it is of use. Of a small disk a share. */
const enoughBytes = 256 * 2 ** 20;
const enoughFraction = 0.05;

export function watchFullDisk({ folder, say, restart }: Options): FullDiskWatch {
  let timer: NodeJS.Timeout | undefined;

  async function look(): Promise<void> {
    const { bavail, blocks, bsize } = await statfs(folder);
    if (!isEnough(bavail * bsize, blocks * bsize)) return;
    stop();
    say('nats: the disk has room again; starting nats-server again, which does not get over a full disk by itself');
    await restart();
  }
  function stop(): void {
    clearInterval(timer);
    timer = undefined;
  }

  return {
    stop,
    note(line) {
      if (timer !== undefined || !fullLine.test(line)) return;
      say(
        `nats: the disk of ${folder} is full: facts go to ingress's spool, and when that is full machines get 503. Free some of the disk; nats-server is started again by itself once ${toGibibytes(enoughBytes)} are free, or a twentieth of a smaller disk.`,
      );
      // A look that fails is followed by the next.
      timer = setInterval(() => void look().catch(() => {}), lookMs);
    },
  };
}

export function isEnough(freeBytes: number, diskBytes: number): boolean {
  return freeBytes >= Math.min(enoughBytes, diskBytes * enoughFraction);
}
