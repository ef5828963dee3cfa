// Options of a command, as data.
export interface OptionSpec {
  flags: string;
  about: string;
  choices?: readonly string[];
  parse?: (text: string) => unknown;
  /** May be given several times. */
  repeat?: boolean;
  default?: string;
}

/** An option that becomes a field of the body that is sent: `policy.safeMode`. */
export interface FieldSpec extends OptionSpec {
  path: string;
  /** What a flag without a value stands for; true unless it is said. */
  value?: unknown;
}
