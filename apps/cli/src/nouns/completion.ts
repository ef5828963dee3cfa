// Completion scripts for bash, zsh and fish, from commander's own tree: what help shows is what is completed. Where a name of
// something is due, they ask `platte __complete`, which asks the platform.
import type { Command, Option } from 'commander';
import { kindOfArgument, kindOfOption } from './named-words.js';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

interface Place {
  /** The words before: '', 'groups', 'groups list'. */
  path: string;
  commands: { name: string; about: string }[];
  options: readonly Option[];
  /** Its arguments are names of things. */
  wantsNames: boolean;
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
  const visible = command.commands.filter((one) => !one.name().startsWith('_'));
  const commands = visible.map((one) => ({ name: one.name(), about: one.summary() || one.description() }));
  const wantsNames = command.registeredArguments.some((argument) => kindOfArgument(argument) !== undefined);
  const here: Place = { path, commands, options: command.createHelp().visibleOptions(command), wantsNames };
  const below = visible.flatMap((one) =>
    [one.name(), ...one.aliases()].flatMap((name) => toPlaces(one, path === '' ? name : `${path} ${name}`)),
  );
  return [here, ...below];
}

function renderBash(places: readonly Place[]): string {
  const cases = places.map(({ path, commands, options, wantsNames }) => {
    const words = [...commands.map(({ name }) => name), ...options.map((option) => option.long ?? option.short ?? '')];
    return `    '${path}') words='${words.join(' ')}'${wantsNames ? ' names=1' : ''} ;;`;
  });
  const values = places.flatMap(({ path, options }) => options.flatMap((option) => toBashValues(path, option)));
  return `# platte completion: eval "$(platte completion bash)"
_platte() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" path='' words='' names='' word
  for word in "\${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}"; do
    case "$word" in -*) continue ;; esac
    case " ${toParents(places)} " in *" \${path:+$path/}$word "*) path="\${path:+$path/}$word" ;; esac
  done
  path="\${path//\\// }"
  case "$path $before" in
${values.join('\n')}
  esac
  if [ -z "$words$names" ]; then
    case "$path" in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=()
  case "$current" in
    -*) ;;
    *)
      if [ -n "$names" ]; then
        while IFS= read -r word; do
          # A name may have blanks in it: whoever began with a quote has them quoted, the others get them escaped.
          case "$current" in \\"* | \\'*) ;; *) word="$(printf '%q' "$word")" ;; esac
          COMPREPLY+=("$word")
        done < <("\${COMP_WORDS[0]}" __complete -- "\${COMP_WORDS[@]:1:$((COMP_CWORD - 1))}" "$current" 2>/dev/null)
      fi ;;
  esac
  if [ "\${#COMPREPLY[@]}" -eq 0 ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); fi
}
complete -o default -F _platte platte ./platte`;
}

/** What may follow an option. */
function toBashValues(path: string, option: Option): string[] {
  const { argChoices, long, short } = option;
  const values = argChoices ? `words='${argChoices.join(' ')}'` : kindOfOption(option) ? 'names=1' : undefined;
  if (values === undefined) return [];
  return [long, short].filter((name) => name !== undefined).map((name) => `    '${path} ${name}') ${values} ;;`);
}

/** Every path of commands, its words apart by slashes: `groups groups/list`. */
function toParents(places: readonly Place[]): string {
  return places
    .filter(({ path }) => path !== '')
    .map(({ path }) => path.replaceAll(' ', '/'))
    .join(' ');
}

/** The words before the one that is typed, and that. */
const fishNames = '(platte __complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)';

function renderFish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, commands, options, wantsNames }) => {
    const condition =
      path === ''
        ? '__fish_use_subcommand'
        : toFishCondition(
            path.split(' '),
            commands.map(({ name }) => name),
          );
    return [
      ...commands.map(({ name, about }) => `complete -c platte -f -n '${condition}' -a ${name} -d ${quote(about)}`),
      ...(wantsNames ? [`complete -c platte -f -n '${condition}' -a '${fishNames}'`] : []),
      ...options.map((option) => toFishOption(condition, option)),
    ];
  });
  return ['# platte completion: platte completion fish | source', ...lines].join('\n');
}

function toFishCondition(words: readonly string[], names: readonly string[]): string {
  const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
  return names.length === 0 ? seen : `${seen}; and not __fish_seen_subcommand_from ${names.join(' ')}`;
}

function toFishOption(condition: string, option: Option): string {
  const { long, short, description, argChoices, required, optional } = option;
  const values = argChoices?.join(' ') ?? (kindOfOption(option) && fishNames);
  return [
    `complete -c platte -n '${condition}'`,
    ...(long === undefined ? [] : [`-l ${long.slice(2)}`]),
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    ...(required || optional ? ['-r'] : []),
    ...(values === undefined ? [] : [`-f -a '${values}'`]),
    `-d ${quote(description)}`,
  ].join(' ');
}

const quote = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
