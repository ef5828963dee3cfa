// What a command is, as data: its words, arguments, options and the API operations it calls. The specs are all that
// `--help`, completion and docs/reference/cli.md need; the code behind a command is loaded when it runs, so that help
// stays fast. Nothing here or in specs/ may import a schema, the client or a store.
import type { OperationId } from '@platte/api-contract';
import type { Run } from './call.js';
import type { FieldSpec, OptionSpec } from './option-spec.js';

/** `list` prints rows, `read` one thing, `change` sends something, `local` talks to no API. */
type VerbKind = 'list' | 'read' | 'change' | 'local';

export interface VerbSpec {
  name: string;
  aliases?: readonly string[];
  kind: VerbKind;
  summary: string;
  /** Name and meaning: `['<group>', 'its id or name']`. */
  args?: readonly (readonly [string, string])[];
  options?: readonly OptionSpec[];
  fields?: readonly FieldSpec[];
  /** Takes something away for good: asks on a terminal, wants `--yes` without one. */
  destructive?: boolean;
  /** The formats of `-o`, where they are not the usual ones; none where it prints no data. */
  formats?: readonly string[];
  /** `-o` means something else here. */
  ownOutput?: boolean;
  examples?: readonly string[];
  operations: readonly OperationId[];
  isDefault?: boolean;
  load: () => Promise<Run>;
}

export interface NounSpec {
  name: string;
  aliases?: readonly string[];
  summary: string;
  verbs: readonly VerbSpec[];
}
