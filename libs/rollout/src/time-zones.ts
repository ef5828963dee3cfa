// Whether a name is one of the tz database, and which one is meant where it is not.
//
// Intl is not asked: it takes abbreviations of old Java as well, of which `BST` is Asia/Dhaka and `AST` Alaska. A group with such
// a zone would be updated at hours that nobody meant. Case does not count, as in the database's own rules.
import { tzNames } from './tz-names.js';

const names = new Map(
  Object.entries(tzNames).flatMap(([area, text]) =>
    text
      .trim()
      .split(/\s+/)
      .map((name) => (area === '' ? name : `${area}/${name}`))
      .map((name) => [name.toLowerCase(), name]),
  ),
);
// Zones that are younger than the list: this one has only names of the database too.
for (const name of Intl.supportedValuesOf('timeZone')) names.set(name.toLowerCase(), name);

/** What people write for a zone, and what they can mean by it: an abbreviation says neither where nor whether summer counts. */
const abbreviations: Readonly<Record<string, string>> = {
  ACST: 'Australia/Adelaide, Australia/Darwin',
  ACT: 'Australia/Darwin, America/Rio_Branco',
  ADT: 'America/Halifax',
  AEDT: 'Australia/Sydney',
  AEST: 'Australia/Sydney, Australia/Brisbane',
  AET: 'Australia/Sydney',
  AKST: 'America/Anchorage',
  AST: 'America/Halifax, America/Puerto_Rico, Asia/Riyadh',
  AWST: 'Australia/Perth',
  BRT: 'America/Sao_Paulo',
  BST: 'Europe/London, Asia/Dhaka',
  CAT: 'Africa/Maputo',
  CDT: 'America/Chicago, America/Havana',
  CEST: 'Europe/Berlin, Europe/Paris',
  CST: 'America/Chicago, Asia/Shanghai, America/Havana',
  EAT: 'Africa/Nairobi',
  ECT: 'America/Guayaquil, Europe/Paris',
  EDT: 'America/New_York',
  EEST: 'Europe/Athens, Europe/Kyiv',
  HKT: 'Asia/Hong_Kong',
  ICT: 'Asia/Bangkok',
  IST: 'Asia/Kolkata, Europe/Dublin, Asia/Jerusalem',
  JST: 'Asia/Tokyo',
  KST: 'Asia/Seoul',
  MDT: 'America/Denver',
  MSK: 'Europe/Moscow',
  NST: 'America/St_Johns, Pacific/Auckland',
  NZDT: 'Pacific/Auckland',
  NZST: 'Pacific/Auckland',
  PDT: 'America/Los_Angeles',
  PKT: 'Asia/Karachi',
  PRT: 'America/Puerto_Rico',
  PST: 'America/Los_Angeles, Asia/Manila',
  SAST: 'Africa/Johannesburg',
  SGT: 'Asia/Singapore',
  SST: 'Pacific/Pago_Pago, Pacific/Guadalcanal',
  WAT: 'Africa/Lagos',
  WEST: 'Europe/Lisbon',
  WIB: 'Asia/Jakarta',
};
const meant = new Map(Object.entries(abbreviations));

export function isTzName(name: string): boolean {
  return names.has(name.toLowerCase());
}

/** The names that a person may have meant, at most three, as they are written in the database; none that is not there. */
export function meantZones(text: string): string[] {
  const known = meant.get(text.trim().toUpperCase());
  return known === undefined ? zonesOfCity(text) : known.split(', ');
}

/** `berlin`, `Europe/berlin`, `New York`: whatever ends in the same city. */
function zonesOfCity(text: string): string[] {
  const city = text.trim().toLowerCase().replaceAll(/\s+/g, '_').split('/').at(-1) ?? '';
  if (city === '') return [];
  const found = [...names.values()].filter((name) => name.toLowerCase().endsWith(`/${city}`));
  return found.slice(0, 3);
}
