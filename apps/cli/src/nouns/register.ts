// Makes commander's tree from the specs of the commands.
import { Option, type Command } from 'commander';
import type { NounSpec, VerbSpec } from './command-spec.js';
import type { OptionSpec } from './option-spec.js';

const outputFormats = ['table', 'wide', 'json', 'yaml', 'name'] as const;

/** A change tells what it did in words, on stderr; the changed thing is printed where it is asked for. */
const changeFormats = ['words', 'json', 'yaml', 'name'] as const;

function formatsOf({ kind, formats, destructive }: VerbSpec): readonly string[] {
  if (formats) return formats;
  if (kind !== 'change') return outputFormats;
  return destructive ? [] : changeFormats;
}

export function registerNoun(program: Command, noun: NounSpec): void {
  const command = program.command(noun.name).summary(noun.summary).description(toSentence(noun.summary));
  command.showHelpAfterError(`  to do: \`platte ${noun.name} --help\` lists what there is.`);
  for (const alias of noun.aliases ?? []) command.alias(alias);
  for (const verb of noun.verbs) registerVerb(command, verb, `platte ${noun.name} ${verb.name}`);
}

export function registerVerb(parent: Command, verb: VerbSpec, words = `platte ${verb.name}`): void {
  const command = parent.command(verb.name, { isDefault: verb.isDefault === true });
  command.summary(verb.summary).description(toSentence(verb.summary));
  command.showHelpAfterError(`  to do: \`${words} --help\` shows how it is used.`);
  for (const alias of verb.aliases ?? []) command.alias(alias);
  for (const [name, about] of verb.args ?? []) command.argument(name, about);
  for (const option of [...(verb.options ?? []), ...(verb.fields ?? [])]) command.addOption(toOption(option));
  addChangeOptions(command, verb);
  if (!verb.ownOutput && verb.kind !== 'local') addOutputOption(command, verb);
  if (verb.kind !== 'local') addConnectionOptions(command);
  const examples = verb.examples ?? [];
  if (examples.length > 0)
    command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}`);
  command.action(async () => {
    const { invoke } = await import('./invoke.js');
    const args = command.processedArgs.map((given: unknown) => given as string | string[] | undefined);
    process.exitCode = await invoke({ verb, words, args, options: command.opts() });
  });
}

/** `list groups` in a list of commands is `List groups.` on its own page. */
function toSentence(summary: string): string {
  return `${summary.charAt(0).toUpperCase()}${summary.slice(1)}${/[.?]$/.test(summary) ? '' : '.'}`;
}

function toOption({ flags, about, choices, parse, repeat, default: value }: OptionSpec): Option {
  const option = new Option(flags, about);
  if (choices) option.choices(choices);
  const read = parse ?? ((text: string): unknown => text);
  if (repeat) option.argParser((text, all: unknown[] | undefined) => [...(all ?? []), read(text)]);
  else if (parse) option.argParser(parse);
  return value === undefined ? option : option.default(value);
}

function addChangeOptions(command: Command, { kind, destructive }: VerbSpec): void {
  if (destructive) command.option('-y, --yes', 'do not ask; needed where there is no terminal to ask on');
  if (kind === 'change')
    command.option('--dry-run', 'say what would change and how many machines that touches, and change nothing');
}

function addOutputOption(command: Command, verb: VerbSpec): void {
  const formats = formatsOf(verb);
  if (formats.length === 0) return;
  command.addOption(
    new Option('-o, --output <format>', 'how to print it').choices(formats).default(formats[0] ?? 'table'),
  );
}

function addConnectionOptions(command: Command): void {
  command
    .optionsGroup('Connection:')
    .option('--server <url>', 'the API; above PLATTE_SERVER and the context')
    .option('--token <token>', 'an API token; PLATTE_TOKEN keeps it out of the process list')
    .option('--context <name>', 'one of the contexts of `platte context list`')
    .option('--data <dir>', 'the data folder of a platform that runs on this machine (default: .platte)')
    .option('--timeout <seconds>', 'until a request without an answer is given up', '30');
}
