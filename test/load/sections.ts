// The sections of a bench: which are wanted, which there are, and what is said to somebody who asks for another.
import type { Bench, Section } from './bench.js';

/** @param only names; without them all sections that need not be named */
export function pickSections<S extends Section>(sections: readonly S[], only: readonly string[] | undefined): S[] {
  return sections.filter(({ name, onlyNamed }) => (only === undefined ? onlyNamed !== true : only.includes(name)));
}

/** @returns why the benches cannot measure only these; undefined: they can */
export function refuseSections(
  benches: readonly Pick<Bench, 'name' | 'sections'>[],
  only: readonly string[],
): string | undefined {
  const names = benches.flatMap(({ sections = [] }) => sections.map(({ name }) => name));
  const unknown = only.filter((name) => !names.includes(name));
  if (unknown.length === 0) return undefined;
  const where = `in ${benches.map(({ name }) => name).join(', ')}`;
  const there = names.length === 0 ? 'there is none' : `there are: ${names.join(', ')}`;
  return `no section named ${unknown.map((name) => `"${name}"`).join(', ')} ${where}; ${there}`;
}

/** A line for each bench and, indented, for each of its sections. */
export function renderBenches(benches: readonly Pick<Bench, 'name' | 'about' | 'sections'>[]): string {
  const lines = benches.flatMap(({ name, about, sections = [] }) => [
    { name, about },
    ...sections.map((section) => ({ name: `  ${section.name}`, about: toAbout(section) })),
  ]);
  const width = Math.max(...lines.map(({ name }) => name.length));
  return lines.map(({ name, about }) => `${name.padEnd(width)}  ${about}`).join('\n');
}

function toAbout({ about, onlyNamed }: Section): string {
  return onlyNamed === true ? `${about} (only with --only)` : about;
}
