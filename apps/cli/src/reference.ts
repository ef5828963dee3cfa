// docs/reference/cli.md, from the tree of commands itself: what help says is what the reference says.
import type { Argument, Command, Option } from 'commander';
import { exitCodes } from './exit-codes.js';

const meanings: Record<keyof typeof exitCodes, string> = {
  ok: 'done; for `diff`: there is no difference',
  failed: 'it failed, or could not be reached; for `diff`: there is a difference; for `status`: something is not well',
  usage: 'the command or what it was given is wrong, or it was not confirmed',
  auth: 'nobody is signed in, or the role does not allow it',
  notFound: 'there is no such thing, or you may not see it',
  conflict: 'the state must change first, or somebody else changed it',
  settings: 'a setting is wrong, or `up` has too little disk: the same command would end the same way',
  interrupted: 'a person ended it while it started',
};

const head = `# The command line

Written by \`node tools/cli-reference.ts\` from the commands themselves: do not edit it.

\`platte\` is \`./platte\` in a checkout. Data goes to stdout and talk to stderr; there is colour only on a terminal, and not with \`NO_COLOR\`.
Things are named by their id or their name: an application by its name or product id, a group by its name, track or \`track/arch\`, a channel by
\`name\` or \`name/arch\`, a package by \`version\` or \`version/arch\`. What fits several is refused, and all of them are listed.

## Which server

The first of these that says something: \`--server\`, \`--context\` or \`--data\`; \`PLATTE_SERVER\`; \`PLATTE_CONTEXT\`; the current context of
\`~/.config/platte/config.yaml\` (mode 0600; \`PLATTE_CONFIG\` names another file); the platform that runs in this folder (\`.platte/run.json\`).
The token is \`--token\`, else \`PLATTE_TOKEN\` or what stands in the file that \`PLATTE_TOKEN_FILE\` names, else the one that was kept for that server.

## Exit codes
`;

export function renderReference(program: Command): string {
  const codes = Object.entries(exitCodes).map(
    ([name, code]) => `| ${code} | ${meanings[name as keyof typeof exitCodes]} |`,
  );
  const table = ['| code | meaning |', '| --- | --- |', ...codes].join('\n');
  const commands = program.commands
    .filter((command) => !command.name().startsWith('_'))
    .flatMap((command) => renderCommand(command, 'platte', '##'));
  return `${head}\n${table}\n\n${commands.join('\n\n')}\n`;
}

function renderCommand(command: Command, before: string, level: string): string[] {
  const words = `${before} ${command.name()}`;
  const usage = [words, ...command.registeredArguments.map((argument) => toWord(argument))].join(' ');
  const aliases = command.aliases().length === 0 ? '' : ` Also: ${command.aliases().join(', ')}.`;
  const here = [
    `${level} ${words}`,
    `${toSentence(command.description())}${aliases}`,
    ...(command.commands.length > 0 ? [] : [`\`${usage}\``]),
    ...renderRows(command),
    ...renderExamples(command),
  ];
  return [here.join('\n\n'), ...command.commands.flatMap((one) => renderCommand(one, words, '###'))];
}

/** `<group>`, `[machines...]` */
export function toWord(argument: Argument): string {
  const name = argument.variadic ? `${argument.name()}...` : argument.name();
  return argument.required ? `<${name}>` : `[${name}]`;
}

const connection = new Set(['--server', '--token', '--context', '--data', '--timeout', '--help', '--version']);

/** How to reach a server is said once, above. */
function renderRows(command: Command): string[] {
  const ownData = command.options.some(({ long }) => long === '--server') ? connection : new Set(['--help']);
  const options = command.options.filter(({ long, hidden }) => !hidden && !ownData.has(long ?? ''));
  const rows = [
    ...command.registeredArguments
      .filter(({ description }) => description !== '')
      .map((argument) => `| \`${toWord(argument)}\` | ${escape(argument.description)} |`),
    ...options.map((option) => `| \`${option.flags}\` | ${escape(describeOption(option))} |`),
  ];
  return rows.length === 0 ? [] : [['| argument | meaning |', '| --- | --- |', ...rows].join('\n')];
}

function describeOption({ description, argChoices, defaultValue }: Option): string {
  const choices = argChoices === undefined ? '' : `; one of ${argChoices.join(', ')}`;
  const fallback = defaultValue as string | number | boolean | undefined;
  return `${description}${choices}${fallback === undefined ? '' : ` (default: ${String(fallback)})`}`;
}

const escape = (text: string): string => text.replaceAll('|', '\\|');

/** What stands behind the options in the help of a command. */
function renderExamples(command: Command): string[] {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  const [, examples] = text.split('\nExamples:\n');
  if (examples === undefined) return [];
  return [`\`\`\`console\n${examples.trimEnd().replace(/^ {2}/gm, '')}\n\`\`\``];
}

function toSentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?]$/.test(text) ? '' : '.'}`;
}
