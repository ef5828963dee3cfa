// Which rows differ for good. The live tables move while they are compared: what was seen to differ counts only if it still does,
// with the same live row, once the copy has everything that the live ones had at the first look.

export interface Difference {
  store: 'clickhouse' | 'postgres';
  table: string;
  key: string;
  /** By column; null: there is no such row. */
  live: Record<string, unknown> | null;
  rebuilt: Record<string, unknown> | null;
}

/** The first column that differs; the row itself has none where one side lacks it. */
export interface Finding extends Pick<Difference, 'store' | 'table' | 'key'> {
  column: string;
  live: string;
  rebuilt: string;
}

export function standing(first: readonly Difference[], second: readonly Difference[]): Difference[] {
  const seen = new Set(first.map(identify));
  return second.filter((difference) => seen.has(identify(difference)));
}

const identify = ({ store, table, key, live }: Difference): string => JSON.stringify([store, table, key, live]);

export function toFinding({ store, table, key, live, rebuilt }: Difference): Finding {
  if (live === null || rebuilt === null) {
    const word = (row: unknown): string => (row === null ? 'no such row' : JSON.stringify(row));
    return { store, table, key, column: '', live: word(live), rebuilt: word(rebuilt) };
  }
  const column = Object.keys(live).find((name) => JSON.stringify(live[name]) !== JSON.stringify(rebuilt[name])) ?? '';
  return { store, table, key, column, live: JSON.stringify(live[column]), rebuilt: JSON.stringify(rebuilt[column]) };
}

export function describeFinding({ store, table, key, column, live, rebuilt }: Finding): string {
  const where = column === '' ? '' : ` ${column}`;
  return `${store} ${table} [${key}]${where}: live ${live}, rebuilt ${rebuilt}`;
}
