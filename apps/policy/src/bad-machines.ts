// Machines whose rows PostgreSQL cannot give or take: each is named in /readyz, until its facts are folded again. A person deletes
// the machine, or mends its row.
import type { Health, Metrics } from '@platte/service';

export interface BadMachines {
  has: (key: string) => boolean;
  readonly size: number;
  note: (machine: MachineKey, error: unknown) => void;
  forget: (machine: MachineKey) => void;
}

export interface MachineKey {
  application: string;
  machine: string;
}

/** More than this is no matter of single machines. */
const keptMax = 1_000;

export const keyOfMachine = ({ application, machine }: MachineKey): string => `${application} ${machine}`;

export function makeBadMachines({ health, metrics }: { health: Health; metrics: Metrics }): BadMachines {
  const known = new Map<string, { machine: MachineKey; reason: string }>();
  metrics.gauge({
    name: 'platte_policy_bad_machines',
    help: 'Machines whose rows cannot be read or written: their facts are parked.',
    read: (gauge) => gauge.set(known.size),
  });
  health.probe('machines', 'reported', () => {
    const [first] = known.values();
    if (first === undefined) return { state: 'up', detail: 'every row can be read' };
    return { state: 'down', detail: describe(known.size, first) };
  });
  return {
    has: (key) => known.has(key),
    get size() {
      return known.size;
    },
    note(machine, error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (known.size < keptMax) known.set(keyOfMachine(machine), { machine, reason });
    },
    forget: (machine) => void known.delete(keyOfMachine(machine)),
  };
}

function describe(count: number, { machine, reason }: { machine: MachineKey; reason: string }): string {
  const { application, machine: id } = machine;
  const whose = count === 1 ? 'of 1 machine' : `of ${count} machines`;
  return `the rows ${whose} cannot be read or written, such as of ${id}: ${reason}. Its facts are parked. Delete it (platte instances delete ${id} --app ${application}), then retry or drop what is parked (platte parked list)`;
}
