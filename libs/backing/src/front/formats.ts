// What the front must know of ClickHouse's formats. All of them pass through; unknown ones are for the engine to refuse.

export const fallbackFormat = 'TabSeparated';

/**
 * Formats whose pieces can be sent one after the other as the engine makes them: each row stands for itself. The others
 * have a head or a tail, which the engine would write once per piece; their results are made whole first.
 */
const streamable = new Set(
  [
    'JSONEachRow', 'JSONLines', 'NDJSON', 'JSONStringsEachRow', 'JSONCompactEachRow', 'JSONCompactStringsEachRow',
    'CSV', 'TabSeparated', 'TSV', 'TabSeparatedRaw', 'TSVRaw', 'Raw', 'LineAsString', 'RowBinary', 'Native', 'TSKV', 'Vertical'
  ].map((name) => name.toLowerCase()),
); // prettier-ignore

export function isStreamable(format: string): boolean {
  return streamable.has(format.toLowerCase());
}

const contentTypes: readonly (readonly [RegExp, string])[] = [
  [/^(JSONEachRow|JSONLines|NDJSON|JSON.*EachRow.*)$/i, 'application/x-ndjson; charset=UTF-8'],
  [/^JSON/i, 'application/json; charset=UTF-8'],
  [/^CSV/i, 'text/csv; charset=UTF-8'],
  [/^(TabSeparated|TSV)/i, 'text/tab-separated-values; charset=UTF-8'],
  [/^(RowBinary|Native|Parquet|ORC|Arrow|Avro|Protobuf|MsgPack|BSON|CapnProto|Npy)/i, 'application/octet-stream'],
  [/^XML$/i, 'application/xml; charset=UTF-8'],
];

export function contentTypeOf(format: string): string {
  return contentTypes.find(([pattern]) => pattern.test(format))?.[1] ?? 'text/plain; charset=UTF-8';
}

/** What a read-only user may ask for: formats that need no file beside the engine, as templates and schemas are. */
const readerFormat =
  /^(?:ND)?JSON\w*$|^Pretty\w*$|^(?:CSV|TSV|TabSeparated|CustomSeparated|RowBinary|LineAsString|Raw)\w*$|^(?:TSKV|Vertical|Values|XML|Markdown|MD|SQLInsert|Null|Hash|Prometheus|GeoJSON|Native|Buffers|Parquet|Arrow|ArrowStream|ORC|Avro|BSONEachRow|MsgPack|Npy)$/i;

export function isReaderFormat(format: string): boolean {
  return readerFormat.test(format);
}
