// An idle fleet: 100,000 machines that run what their channel has, and the catalog that says so. Their request is the one
// that update_engine really sent, without its event.
import { type ApplicationSnapshot, defaultPolicy, type Package } from '@platte/rollout';
import { recording, withAttribute } from '../journeys/machines.js';

export const machines = 100_000;
/** The machine of the recording: its last digits are what tells the others apart. */
export const machine = '3d1219c7c4c5404aaa1f6d2a48adfda4';

const application = 'e96281a6-d1af-4bde-9a0a-97b76e56dc57';
const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

const newest: Package = {
  id: id(1),
  application,
  version: '4081.2.0',
  arch: 'amd64',
  type: 'flatcar',
  url: 'https://cdn.example/flatcar/amd64-usr/4081.2.0/',
  filename: 'flatcar_production_update.gz',
  size: 382_137_917,
  sha1: null,
  sha256: null,
  description: '',
  files: [],
  action: null,
  example: false,
};

export const idleSnapshot: ApplicationSnapshot = {
  format: 1,
  revision: 1,
  application: {
    id: application,
    name: 'Flatcar',
    description: '',
    versioning: 'semver',
    reboots: true,
    productId: null,
  },
  packages: [newest],
  channels: [
    {
      id: id(2),
      application,
      name: 'stable',
      color: '#000000',
      arch: 'amd64',
      package: newest.id,
      floors: [],
      blacklist: [],
    },
  ],
  groups: [
    {
      id: id(3),
      application,
      name: 'Stable',
      description: '',
      track: 'stable',
      channel: id(2),
      revision: 1,
      policy: defaultPolicy,
      stop: null,
      rollout: null,
    },
  ],
  deadEnds: [],
  held: [],
  forced: [],
};

export const checkWithoutEvent = recording('update-engine.check.3-2').replace(/\s*<event [^>]*><\/event>/, '');
export const idleCheck = withAttribute(checkWithoutEvent, 'version', newest.version);
/** The first of the three events of an update. */
export const downloadStarted = recording('update-engine.event.13-1');
