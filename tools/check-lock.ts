// A lock that lacks another platform's optional package makes `npm ci` fail there, and only there: find it here first.
import { readFileSync } from 'node:fs';

interface LockedPackage {
  optionalDependencies?: Record<string, string>;
}

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8')) as { packages: Record<string, LockedPackage> };
const locked = new Set(Object.keys(lock.packages).map((path) => path.slice(path.lastIndexOf('node_modules/') + 13)));
const missing = Object.entries(lock.packages).flatMap(([path, { optionalDependencies }]) =>
  Object.keys(optionalDependencies ?? {})
    .filter((name) => !locked.has(name))
    .map((name) => `${name} (wanted by ${path})`),
);

if (missing.length > 0) {
  console.error(`package-lock.json lacks optional packages; pin a release whose whole platform set is served:`);
  console.error(missing.join('\n'));
  process.exit(1);
}
