// What a syncer gets: another update server that mirrors us. It is no machine: it asks for no budget and obeys no
// window, freeze or wave (it installs nothing, and has a policy of its own), but nothing leaves a group that is off.
import { type Check, type SyncerJudgement, toAnswer } from './judgement.js';
import { versionRules } from './judge-rules.js';
import { findGroup, type IndexedPackage, type SnapshotIndex } from './snapshot-index.js';
import { compareVersions, parseVersion, type Version } from './version.js';

/** A dead end is of machines; a syncer that holds such a version may still fetch the next one. */
const rules = versionRules.filter((rule) => rule.reason !== 'dead-end');

/** @param canReadSeveralManifests the request said `multi_manifest_ok` */
export function judgeSyncer(check: Check, canReadSeveralManifests: boolean, index: SnapshotIndex): SyncerJudgement {
  const group = findGroup(index, check.track, check.arch);
  if (group === undefined) return refusal(toAnswer('unknown-group', {}));
  const version = parseVersion(check.version, group.application.versioning);
  for (const rule of rules) {
    const judgement = rule.judge({ group, version });
    if (judgement?.kind === 'answer') return refusal(judgement);
  }
  if (version === null || group.target === null) return refusal(toAnswer('no-package', {}));
  return offer(stepsFrom(group.steps, group.target, version), group.target, canReadSeveralManifests);
}

/** A downgrade is the target alone. */
function stepsFrom(
  steps: readonly IndexedPackage[],
  target: IndexedPackage,
  version: Version,
): readonly IndexedPackage[] {
  const above = steps.filter((step) => compareVersions(step.version, version) > 0);
  return above.length === 0 ? [target] : above;
}

function offer(
  steps: readonly IndexedPackage[],
  target: IndexedPackage,
  canReadSeveralManifests: boolean,
): SyncerJudgement {
  const to = target.package.version;
  if (!canReadSeveralManifests && steps.some((step) => step.floorReason !== null)) {
    return refusal(toAnswer('syncer-needs-multi-manifest', { target: to }));
  }
  // One answer has one codebase: a floor elsewhere would be downloaded from a place where it is not.
  const stray = steps.find((step) => step.package.url !== target.package.url);
  if (stray !== undefined) {
    const note = `floor ${stray.package.version} is at another url than ${to}: give both packages the same one`;
    return refusal(toAnswer('syncer-needs-multi-manifest', { target: to, note }));
  }
  const manifests = steps.map((step) => ({
    package: step.package,
    floorReason: step.floorReason,
    isTarget: step === target,
  }));
  return { answer: toAnswer('granted', { target: to }).answer, manifests };
}

function refusal({ answer }: { answer: SyncerJudgement['answer'] }): SyncerJudgement {
  return { answer, manifests: [] };
}
