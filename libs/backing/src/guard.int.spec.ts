// Real processes: what is left when any of them is killed.
import { execFileSync, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { spawnGuarded } from './guard.js';
import { nodeProgram } from './node-program.js';
import { identify, isAlive } from './process-identity.js';

const quiet = { log: () => {}, graceSeconds: 5 };

it('tells the exit code and the last words of a server that ends by itself', async () => {
  const server = await spawnGuarded({ ...quiet, command: 'sh', args: ['-c', 'echo one; echo two >&2; exit 7'] });
  const { code, lastLines } = await server.exited;
  expect(code).toBe(7);
  expect(lastLines.toSorted()).toEqual(['one', 'two']);
});

it('gives a server no input and the arguments as they are', async () => {
  const server = await spawnGuarded({ ...quiet, command: 'sh', args: ['-c', 'cat; echo "$1"', 'x', `a b'"$c`] });
  expect((await server.exited).lastLines).toEqual([`a b'"$c`]);
});

it('says that a command is not there', async () => {
  const server = await spawnGuarded({ ...quiet, command: '/nowhere/server', args: [] });
  expect((await server.exited).code).toBe(127);
});

it('stops a server with its signal', async () => {
  const seen: string[] = [];
  const args = ['-c', `trap 'echo stopping; exit 0' TERM; echo up; while :; do sleep 0.05; done`];
  const server = await spawnGuarded({
    ...quiet,
    command: 'sh',
    args,
    log: (line) => seen.push(line),
  });
  await expect.poll(() => seen).toContain('up');
  expect(await server.stop()).toMatchObject({ code: 0 });
  expect(seen).toEqual(['up', 'stopping']);
});

it('kills a server that does not stop within its grace', async () => {
  const seen: string[] = [];
  const args = ['-c', `trap '' TERM; echo up; while :; do sleep 0.05; done`];
  const server = await spawnGuarded({ command: 'sh', args, graceSeconds: 1, log: (line) => seen.push(line) });
  await expect.poll(() => seen).toContain('up');
  expect(await server.stop()).toMatchObject({ code: 137 });
});

/** A process that starts a guarded `sleep`, says its pid, and lives until it is killed. */
async function startParent(): Promise<{ kill: () => void; server: ReturnType<typeof identify>; guard: number }> {
  const program = nodeProgram(import.meta.url, './guard-parent.fixture');
  const parent = spawn(process.execPath, program, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: parent.stdout })) {
    const [server, guard] = line.split(' ').map(Number);
    return { kill: () => parent.kill('SIGKILL'), server: identify(server!), guard: guard! };
  }
  throw new Error('the parent said nothing');
}

it('leaves no server behind when the parent is killed', async () => {
  const { kill, server } = await startParent();
  expect(isAlive(server)).toBe(true);
  kill();
  await expect.poll(() => isAlive(server), { timeout: 5000 }).toBe(false);
});

it('leaves no server behind when the guard itself is killed', async () => {
  const { kill, server, guard } = await startParent();
  process.kill(guard, 'SIGKILL');
  await expect.poll(() => isAlive(server), { timeout: 5000 }).toBe(false);
  kill();
});

it('keeps the signals of a terminal from a server', async () => {
  const server = await spawnGuarded({ ...quiet, command: 'sleep', args: ['60'] });
  expect(sessionOf(server.pid)).not.toBe(sessionOf(process.pid));
  await server.stop();
});

function sessionOf(pid: number): string {
  return execFileSync('ps', ['-o', 'sess=', '-p', String(pid)], { encoding: 'utf8' }).trim();
}
