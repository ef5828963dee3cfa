// All commands that talk to a platform, in the order in which help shows them.
import { Argument, type Command } from 'commander';
import type { NounSpec, VerbSpec } from './command-spec.js';
import { registerNoun, registerVerb } from './register.js';
import type { Shell } from './completion.js';
import { apps } from './specs/apps.js';
import { channels } from './specs/channels.js';
import { apply, diff, exportFleet, sql, timeline, top } from './specs/fleet.js';
import { groups } from './specs/groups.js';
import { instances, why } from './specs/instances.js';
import { api, context } from './specs/local.js';
import { packages } from './specs/packages.js';
import { rollouts } from './specs/rollouts.js';
import { login, logout } from './specs/sign-in.js';
import { activity, audit, malformed, parked, restore, status, tokens, watch, whoami } from './specs/system.js';

type Section = readonly [heading: string, commands: readonly (NounSpec | VerbSpec)[]];

const sections: readonly Section[] = [
  ['Fleet:', [top, why, timeline, instances, groups, rollouts, watch]],
  ['Catalog:', [apps, packages, channels, exportFleet, diff, apply]],
  ['Platform:', [activity, audit, tokens, malformed, parked, restore, status, whoami, sql, api]],
  ['This command line:', [login, logout, context]],
];

export function registerNouns(program: Command): void {
  for (const [heading, commands] of sections) {
    program.commandsGroup(heading);
    for (const command of commands) {
      if ('verbs' in command) registerNoun(program, command);
      else registerVerb(program, command);
    }
  }
  registerCompletion(program);
  registerCompleteNames(program);
}

/** What the scripts ask: `platte __complete -- groups pause "st"`. */
function registerCompleteNames(program: Command): void {
  program
    .command('__complete', { hidden: true })
    .argument('<words...>')
    .action(async (words: string[]) => {
      const { readLine } = await import('./named-words.js');
      const asked = readLine(program, words.slice(0, -1));
      if (asked === undefined) return;
      const { completeNames } = await import('./complete-names.js');
      const names = await completeNames(asked, words.at(-1) ?? '');
      process.stdout.write(names.map((name) => `${name}\n`).join(''));
    });
}

function registerCompletion(program: Command): void {
  program
    .command('completion')
    .summary('completion of commands and options in your shell')
    .description('Print the script that completes commands and options in your shell.')
    .addArgument(new Argument('<shell>', 'which one').choices(['bash', 'zsh', 'fish']))
    .addHelpText(
      'after',
      '\nExamples:\n  $ eval "$(platte completion bash)"\n  $ platte completion fish > ~/.config/fish/completions/platte.fish',
    )
    .action(async (shell: Shell) => {
      const { renderCompletion } = await import('./completion.js');
      process.stdout.write(`${renderCompletion(program, shell)}\n`);
    });
}

/** Every command with its words: `groups list`, `why`. */
export function listVerbs(): { words: string; verb: VerbSpec }[] {
  return sections.flatMap(([, commands]) =>
    commands.flatMap((command) =>
      'verbs' in command
        ? command.verbs.map((verb) => ({ words: `${command.name} ${verb.name}`, verb }))
        : [{ words: command.name, verb: command }],
    ),
  );
}
