// Which words of a line are names of things that a platform knows, by what help calls them: `<group>`, `--app <application>`.
// Apart from the question itself, so that the scripts know it too and ask only then.
import type { Argument, Command, Option } from 'commander';

export const nameKinds = ['application', 'group', 'channel', 'package', 'rollout', 'context'] as const;
export type NameKind = (typeof nameKinds)[number];

function toKind(name: string): NameKind | undefined {
  return nameKinds.find((kind) => name === kind || name === `${kind}s`);
}

export const kindOfArgument = (argument: Argument): NameKind | undefined => toKind(argument.name());

/** `--group <group>`; what has choices, or is an option of the connection, is no such name. */
export function kindOfOption({ flags, argChoices }: Option): NameKind | undefined {
  if (/^--context\b/.test(flags)) return 'context';
  return argChoices === undefined ? toKind(/<([a-z]+)>/.exec(flags)?.[1] ?? '') : undefined;
}

export interface Asked {
  kind: NameKind;
  /** Options that were typed before, by their attribute: which server, which application. */
  options: Record<string, string>;
}

/** What the word after these is a name of; undefined when of nothing that can be asked. */
export function readLine(program: Command, words: readonly string[]): Asked | undefined {
  let command = program;
  let taken = 0;
  const options = new Map<string, string>();
  let pending: Option | undefined;
  for (const word of words) {
    // A shell may take `--app=x` apart at its sign.
    if (word === '=') continue;
    if (pending) {
      options.set(pending.attributeName(), word);
      pending = undefined;
    } else if (word.startsWith('-')) {
      const [flag = '', value] = word.split('=');
      const option = command.options.find(({ long, short }) => long === flag || short === flag);
      if (option && value !== undefined) options.set(option.attributeName(), value);
      else if (option && (option.required || option.optional)) pending = option;
    } else {
      const below =
        taken === 0 ? command.commands.find((one) => [one.name(), ...one.aliases()].includes(word)) : undefined;
      if (below) command = below;
      else taken++;
    }
  }
  const wanted = command.registeredArguments;
  const argument = wanted[taken] ?? (wanted.at(-1)?.variadic ? wanted.at(-1) : undefined);
  const kind = pending ? kindOfOption(pending) : argument && kindOfArgument(argument);
  return kind && { kind, options: Object.fromEntries(options) };
}
