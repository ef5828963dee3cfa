/** What `platte` exits with, documented in docs/reference/cli.md; scripts may rely on them. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  auth: 3,
  notFound: 4,
  conflict: 5,
  settings: 78,
  interrupted: 130,
} as const;
