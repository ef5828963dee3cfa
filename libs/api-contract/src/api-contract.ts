// The door of `api-contract`: REST shapes once, the table of operations, OpenAPI, and the client that is typed by them.
export { CreatedToken, CreateToken, Principal, Token } from './access.js';
export {
  Application,
  Channel,
  CreateApplication,
  CreateChannel,
  CreatePackage,
  EditApplication,
  EditChannel,
  EditPackage,
  Package,
} from './catalog.js';
export {
  ApiError,
  ConnectionError,
  eachItem,
  makeClient,
  toRequest,
  type Client,
  type ClientOptions,
} from './client.js';
export {
  CommandLineAsked,
  CommandLineExchange,
  commandLinePath,
  CommandLineToken,
  toCheckCode,
} from './command-line-sign-in.js';
export { Because, CreateGroup, EditGroup, EditPolicy, Group, Rollout } from './groups.js';
export {
  AnswerView,
  Attempt,
  Decision,
  EditInstance,
  HistoryItem,
  Instance,
  InstanceSummary,
  MachineStatus,
  WhyAnswer,
} from './instances.js';
export { makeOpenApi } from './openapi.js';
export {
  isAllowed,
  isChange,
  problemsOf,
  Role,
  roles,
  type Operation,
  type RequiredRole,
  type Scope,
} from './operation.js';
export {
  apiPrefix,
  getOperation,
  operationIds,
  operations,
  type BodyOf,
  type InputOf,
  type OperationId,
  type OutputOf,
  type ParamsOf,
  type QueryOf,
} from './operations.js';
export { pageLimitDefault, pageLimitMax, toInstant } from './page.js';
export { Plan } from './plan.js';
export { Problem, ProblemError, problemKinds, toProblemType, type ProblemName } from './problem.js';
export { Failures, Funnel, InstancesSeen, SilentInstance, StatusCounts } from './progress.js';
export {
  Activity,
  type ActivityKind,
  activityKinds,
  Change,
  Health,
  LostChange,
  ParkedMessage,
  RefusedReport,
  Restore,
  Version,
} from './system.js';
export { parseEvents, watchEvents, type WatchedEvent, type WatchOptions } from './watch.js';
export { Breakdown, Difference, spanToMs, StatusTimeline, timelinePointsMax, VersionTimeline } from './timelines.js';
