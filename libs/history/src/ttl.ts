// TTLs as ClickHouse writes them: `… TTL t + toIntervalDay(45) WHERE tier = 60 SETTINGS …`, by some versions `DELETE WHERE`.

/** Of a row of system.tables, without `DELETE`; '' is for good. */
export const ttlColumn = `replaceOne(extract(engine_full, ' TTL (.*?)(?: SETTINGS .*)?$'), ' DELETE WHERE ', ' WHERE ')`;

/** What follows `alter table …`. */
export const toTtlChange = (ttl: string): string =>
  ttl === '' ? 'remove ttl' : `modify ttl ${ttl.replace(' WHERE ', ' delete where ')}`;
