import type { VerbSpec } from '../command-spec.js';

const load = () => import('../run/login.js');

export const login: VerbSpec = {
  name: 'login',
  kind: 'local',
  summary: 'sign in to a server by your browser or with a token, and keep it as a context',
  options: [
    { flags: '--server <url>', about: 'the API (default: that of the context)' },
    { flags: '--context <name>', about: 'what to call it (default: the current one, or the name of the server)' },
    { flags: '--no-browser', about: 'only print the address to open' },
    { flags: '--token', about: 'with an API token: from stdin, or asked for on a terminal; never an argument' },
  ],
  examples: [
    'platte login --server https://platte.example.com',
    'platte login --token --server https://platte.example.com < token',
  ],
  operations: [],
  load: async () => (await load()).login,
};

export const logout: VerbSpec = {
  name: 'logout',
  kind: 'local',
  summary: 'forget the token of a context; one that `login` got from a browser is revoked',
  options: [{ flags: '--context <name>', about: 'which (default: the current one)' }],
  operations: [],
  load: async () => (await load()).logout,
};
