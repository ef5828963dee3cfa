// The two users of the embedded engine: one for the programs, one for people, who may only read and only so much.
import { createHash, timingSafeEqual } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { ClickhouseError } from './clickhouse-error.js';

export interface User {
  name: string;
  /** SHA-256, in hex: passwords are drawn at random, so that nobody guesses one from it. */
  passwordDigest: string;
  access: 'full' | 'read-only';
}

/** What one query of a read-only user may take; a request may ask for less, not for more. 0 is ClickHouse's "no limit". */
export const readOnlyLimits: Readonly<Record<string, number>> = {
  /** Seconds: longer ones should be asked of a real server. */
  max_execution_time: 60,
  /** Bytes: leaves a laptop to its owner. */
  max_memory_usage: 2 * 1024 * 1024 * 1024,
  /** Rows: more is an export, and an export pages. */
  max_result_rows: 1_000_000,
  /** Bytes: a result that is not streamed is held in memory. */
  max_result_bytes: 256 * 1024 * 1024,
  /** What does not fit into memory is sorted and grouped on disk: bytes there. */
  max_temporary_data_on_disk_size_for_query: 4 * 1024 * 1024 * 1024,
  /** More than the machine has only slow down all others. */
  max_threads: availableParallelism(),
};

/** Settings of a real server that would undo the limits without naming them, or look behind the engine. */
export const readOnlyForbidden = [
  'readonly',
  'allow_ddl',
  'result_overflow_mode',
  'timeout_overflow_mode',
  'limits',
  'profile',
  'max_untracked_memory',
  'allow_introspection_functions',
  'allow_experimental_ai_functions',
];

/**
 * What a read-only user may set: how results are written, and how a question is answered. Others read files (templates,
 * schemas), write them (`output_format_schema`), hold SQL of their own (`additional_result_filter`), or change what the
 * engine takes for SQL (`dialect`). A setting that is not here is refused, also one that a later engine brings.
 */
const readerSettings = [
  /^output_format_(?:json|csv|tsv|pretty|parquet|arrow|orc|values|sql_insert|markdown|native|binary|bson|msgpack)_\w+$/,
  /^output_format_(?:decimal_trailing_zeros|float_precision|trim_fixed_string|write_statistics|compression_level)$/,
  /^output_format_(?:parallel_formatting|enable_streaming|always_write_decimal_point_in_float_and_decimal)$/,
  /^format_(?:csv|tsv|custom)_\w+$/,
  /^formatdatetime_\w+$/,
  /^(?:date_time_(?:input|output)_format|date_time_overflow_behavior|interval_output_format|session_timezone)$/,
  /^bool_(?:true|false)_representation$/,
  /^max_(?:rows|bytes)_(?:to_read|to_sort|in_join|in_set|in_distinct)$/,
  /^max_(?:rows_to_group_by|columns_to_read|block_size|bytes_(?:ratio_)?before_external_(?:sort|group_by))$/,
  /^(?:read|sort|group_by|distinct|join|set)_overflow_mode$/,
  /^(?:join_algorithm|join_use_nulls|join_default_strictness|group_by_use_nulls|transform_null_in|cast_keep_nullable)$/,
  /^(?:union|except|intersect)_default_mode$/,
  /^(?:extremes|totals_mode|limit|offset|final|prefer_column_name_to_alias|aggregate_functions_null_for_empty)$/,
  /^optimize_(?:read_in_order|aggregation_in_order|move_to_prewhere|skip_unused_shards)$/,
  /^(?:connect|receive|send)_timeout$/,
  /^(?:log_comment|priority|http_zlib_compression_level|add_http_cors_header)$/,
  /^cancel_http_readonly_queries_on_client_close$/,
];

function isReaderSetting(name: string): boolean {
  return Object.hasOwn(readOnlyLimits, name) || readerSettings.some((pattern) => pattern.test(name));
}

export type Settings = ReadonlyMap<string, string>;

/** @throws ClickhouseError when a read-only user asks for more than the limits */
export function settingsFor(user: User, asked: Settings): Settings {
  if (user.access === 'full') return asked;
  const granted = new Map(asked);
  for (const name of asked.keys()) {
    if (!isReaderSetting(name))
      throw new ClickhouseError(164, 'READONLY', `Cannot modify '${name}' setting in readonly mode`);
  }
  for (const [name, limit] of Object.entries(readOnlyLimits)) {
    const text = asked.get(name) ?? String(limit);
    // Whole numbers only: the engine rounds a smaller one to 0, which means no limit.
    if (!/^[1-9]\d{0,15}$/.test(text) || Number(text) > limit) {
      throw new ClickhouseError(
        452,
        'SETTING_CONSTRAINT_VIOLATION',
        `Setting ${name} should be a whole number from 1 to ${limit}`,
      );
    }
    granted.set(name, text);
  }
  // Last: once it is set nothing else can be.
  granted.set('readonly', '1');
  return granted;
}

export interface Credentials {
  name: string;
  password: string;
}

/** @throws ClickhouseError when nobody has this name and password */
export function authenticate(users: readonly User[], given: Credentials | undefined): User {
  if (given === undefined) {
    throw new ClickhouseError(
      194,
      'REQUIRED_PASSWORD',
      'default: Authentication failed: a user and a password are required',
    );
  }
  const user = users.find(({ name }) => name === given.name);
  if (user === undefined || !isSame(user.passwordDigest, given.password)) {
    throw new ClickhouseError(
      516,
      'AUTHENTICATION_FAILED',
      `${given.name}: Authentication failed: password is incorrect, or there is no user with such name`,
    );
  }
  return user;
}

export function digestOf(password: string): string {
  return createHash('sha256').update(password).digest('hex');
}

/** In a time that tells nothing of where they differ. */
function isSame(digest: string, password: string): boolean {
  const [first, second] = [digest, digestOf(password)].map((text) => Buffer.from(text));
  return first!.length === second!.length && timingSafeEqual(first!, second!);
}
