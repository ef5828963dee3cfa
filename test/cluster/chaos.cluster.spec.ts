// A short run of chaos on three nats-servers: each is killed, frozen and cut off as a target of its own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { repositoryRoot } from '../journeys/repository.js';

it('every promise is kept on a NATS cluster under fire', async () => {
  const args = ['chaos', '--nats-cluster', '--minutes', '0.6', '--seed', '11'];
  const { stdout } = await promisify(execFile)(join(repositoryRoot(), 'platte'), args);
  expect(stdout).not.toContain('FAILED');
});
