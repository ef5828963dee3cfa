// Run as a process by the guard's tests: starts a guarded server, says its pid and its guard's, and waits to be killed.
import { execFileSync } from 'node:child_process';
import { spawnGuarded } from './guard.js';

const server = await spawnGuarded({ command: 'sleep', args: ['60'], graceSeconds: 5, log: () => {} });
const guard = execFileSync('ps', ['-o', 'ppid=', '-p', String(server.pid)], { encoding: 'utf8' }).trim();
console.log(`${server.pid} ${guard}`);
