// decide: a command and the state it meets become changes, or one rejection. No change at all is an answer too: what
// the command wants is so already, and repeating it does no harm.
import type { ApplicationCommand, CatalogCommand } from './commands.js';
import { type ApplicationState, type CatalogState, evolveCatalog } from './catalog-state.js';
import { decideApplication, refuseUnknownApplication } from './decide-application.js';
import { decideChannel } from './decide-channel.js';
import type { DecideContext, Decided } from './decide-context.js';
import { decideGroup } from './decide-group.js';
import { decideMachine } from './decide-machine.js';
import { decidePackage } from './decide-package.js';
import { decideRollout, startDueRollouts } from './decide-rollout.js';

export function decideCatalog(command: CatalogCommand, state: CatalogState, context: DecideContext): Decided {
  const decided = decideBySubject(command, state, context);
  // A pause takes no lock of any group, so that it must change nothing but its stop.
  if (!Array.isArray(decided) || decided.length === 0 || command.kind === 'PauseGroup') return decided;
  const { application } = decided.reduce(evolveCatalog, state);
  return application === null ? decided : [...decided, ...startDueRollouts(application, context)];
}

function decideBySubject(command: CatalogCommand, state: CatalogState, context: DecideContext): Decided {
  switch (command.kind) {
    case 'CreateApplication':
    case 'EditApplication':
    case 'DeleteApplication':
    case 'MarkDeadEnd':
    case 'ClearDeadEnd':
    case 'RemoveExamplePackages':
      return decideApplication(command, state, context);
    default:
      return state.application === null
        ? refuseUnknownApplication()
        : decideWithin(command, state.application, context);
  }
}

function decideWithin(
  command: Exclude<CatalogCommand, ApplicationCommand>,
  application: ApplicationState,
  context: DecideContext,
): Decided {
  switch (command.kind) {
    case 'CreatePackage':
    case 'EditPackage':
    case 'DeletePackage':
      return decidePackage(command, application, context);
    case 'CreateChannel':
    case 'EditChannel':
    case 'AssignPackage':
    case 'DeleteChannel':
    case 'SetFloor':
    case 'RemoveFloor':
    case 'BlacklistPackage':
    case 'UnblacklistPackage':
      return decideChannel(command, application, context);
    case 'CreateGroup':
    case 'EditGroup':
    case 'SetGroupPolicy':
    case 'PauseGroup':
    case 'ResumeGroup':
    case 'DeleteGroup':
      return decideGroup(command, application, context);
    case 'StartRollout':
    case 'PauseRollout':
    case 'ResumeRollout':
    case 'HaltRollout':
    case 'FinishRollout':
      return decideRollout(command, application, context);
    case 'HoldMachine':
    case 'ReleaseMachine':
    case 'ForceMachine':
    case 'EditMachine':
    case 'DeleteMachine':
    case 'CancelAttempt':
    case 'ForgiveFailures':
      return decideMachine(command, application, context);
    default:
      return command satisfies never;
  }
}
