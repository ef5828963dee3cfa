// Completion scripts for bash, zsh and fish, from commander's own tree: what help shows is what is completed.
import type { Command, Option } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

interface Place {
  /** The words before: '', 'groups', 'groups list'. */
  path: string;
  commands: { name: string; about: string }[];
  options: readonly Option[];
}

export function renderCompletion(program: Command, shell: Shell): string {
  const places = toPlaces(program, '');
  switch (shell) {
    case 'bash':
      return renderBash(places);
    case 'zsh':
      return `#compdef platte\nautoload -U +X bashcompinit && bashcompinit\n${renderBash(places)}`;
    case 'fish':
      return renderFish(places);
    default:
      return shell satisfies never;
  }
}

/** Aliases are for fingers that know them: only the names are offered, but what follows either is completed. */
function toPlaces(command: Command, path: string): Place[] {
  const commands = command.commands.map((one) => ({ name: one.name(), about: one.summary() || one.description() }));
  const here: Place = { path, commands, options: command.createHelp().visibleOptions(command) };
  const below = command.commands.flatMap((one) =>
    [one.name(), ...one.aliases()].flatMap((name) => toPlaces(one, path === '' ? name : `${path} ${name}`)),
  );
  return [here, ...below];
}

function renderBash(places: readonly Place[]): string {
  const cases = places.map(({ path, commands, options }) => {
    const words = [...commands.map(({ name }) => name), ...options.map((option) => option.long ?? option.short ?? '')];
    return `    '${path}') words='${words.join(' ')}' ;;`;
  });
  const values = places.flatMap(({ path, options }) =>
    options
      .filter(({ argChoices }) => argChoices !== undefined)
      .flatMap((option) =>
        [option.long, option.short]
          .filter((name) => name !== undefined)
          .map((name) => `    '${path} ${name}') words='${option.argChoices?.join(' ')}' ;;`),
      ),
  );
  return `# platte completion: eval "$(platte completion bash)"
_platte() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path='' words='' word
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    case "$word" in -*) continue ;; esac
    case " ${toParents(places)} " in *" \${path:+$path/}$word "*) path="\${path:+$path/}$word" ;; esac
  done
  path="\${path//\\// }"
  case "$path $before" in
${values.join('\n')}
  esac
  if [ -z "$words" ]; then
    case "$path" in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _platte platte ./platte`;
}

/** Every path of commands, its words apart by slashes: `groups groups/list`. */
function toParents(places: readonly Place[]): string {
  return places
    .filter(({ path }) => path !== '')
    .map(({ path }) => path.replaceAll(' ', '/'))
    .join(' ');
}

function renderFish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options }) => {
    const condition =
      path === ''
        ? '__fish_use_subcommand'
        : toFishCondition(
            path.split(' '),
            commands.map(({ name }) => name),
          );
    return [
      ...commands.map(({ name, about }) => `complete -c platte -f -n '${condition}' -a ${name} -d ${quote(about)}`),
      ...options.map((option) => toFishOption(condition, option)),
    ];
  });
  return ['# platte completion: platte completion fish | source', ...lines].join('\n');
}

function toFishCondition(words: readonly string[], names: readonly string[]): string {
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
  return names.length === 0 ? seen : `${seen}; and not __fish_seen_subcommand_from ${names.join(' ')}`;
}

function toFishOption(condition: string, { long, short, description, argChoices, required, optional }: Option): string {
  return [
    `complete -c platte -n '${condition}'`,
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(required || optional ? ['-r'] : []),
    ...(argChoices === undefined ? [] : [`-f -a '${argChoices.join(' ')}'`]),
    `-d ${quote(description)}`,
  ].join(' ');
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
