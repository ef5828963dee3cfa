/**
 * Whatever a program writes is its owner's alone: facts, catalogs and logs name machines and people. Who wants more rights on a
 * folder gives it them beforehand.
 */
export function keepFilesPrivate(): void {
  process.umask(0o077);
}
