// An answer as XML, exactly in the canonical order of omaha-protocol.md 2.1. It starts at byte 0 without a blank (update_engine's parser
// fails on one), has no namespace and no DTD. `codebase` is the first attribute of `<url>`, `size` and `required` are on every
// package, and an empty hash is left out: three clients depend on it.
import { escapeAttribute } from './escape.js';
import type {
  Manifest,
  ManifestPackage,
  NoUpdate,
  OmahaResponse,
  PostinstallAction,
  ResponseApp,
  UpdateOffer,
} from './response.js';

const msPerDay = 86_400_000;
/** `elapsed_days` counts from here; clients send the day back as `ad` and `rd`. */
const firstDayMs = Date.UTC(2007, 0, 1);

export function renderResponse(response: OmahaResponse): string {
  let xml = renderHead(response.now);
  for (const app of response.apps) xml += renderApp(app);
  return `${xml}</response>\n`;
}

/** Whole days since 2007-01-01, and seconds since midnight, both in UTC. A clock before 2007 reads as its first moment. */
export function toDayStart(now: number): { elapsedDays: number; elapsedSeconds: number } {
  const elapsed = Math.max(0, now - firstDayMs);
  return { elapsedDays: Math.floor(elapsed / msPerDay), elapsedSeconds: Math.floor((elapsed % msPerDay) / 1000) };
}

function renderHead(now: number): string {
  const { elapsedDays, elapsedSeconds } = toDayStart(now);
  return `<?xml version="1.0" encoding="UTF-8"?>
<response protocol="3.0" server="platte">
  <daystart elapsed_seconds="${elapsedSeconds}" elapsed_days="${elapsedDays}"/>
`;
}

function renderApp(app: ResponseApp): string {
  let xml = `  <app appid="${escapeAttribute(app.appid)}" status="${app.status}">\n`;
  if (app.ping) xml += '    <ping status="ok"/>\n';
  if (app.updateCheck !== null) xml += renderUpdateCheck(app.updateCheck);
  for (let event = 0; event < app.events; event++) xml += '    <event status="ok"/>\n';
  return `${xml}  </app>\n`;
}

function renderUpdateCheck(check: NoUpdate | UpdateOffer): string {
  return check.status === 'ok' ? renderOffer(check) : renderNoUpdate(check);
}

function renderNoUpdate({ pollIntervalSeconds, info }: NoUpdate): string {
  const reason = info === '' ? '' : ` info="${escapeAttribute(info)}"`;
  return `    <updatecheck status="noupdate" PollInterval="${pollIntervalSeconds}"${reason}/>\n`;
}

function renderOffer(offer: UpdateOffer): string {
  const urls = offer.codebases.map((codebase) => `<url codebase="${escapeAttribute(codebase)}"/>`).join('');
  return `    <updatecheck status="ok" PollInterval="${offer.pollIntervalSeconds}">
      <urls>${urls}</urls>
${offer.manifests.map(renderManifest).join('')}    </updatecheck>
`;
}

function renderManifest(manifest: Manifest): string {
  const floor =
    manifest.floorReason === null ? '' : ` is_floor="true" floor_reason="${escapeAttribute(manifest.floorReason)}"`;
  const target = manifest.isTarget ? ' is_target="true"' : '';
  return `      <manifest version="${escapeAttribute(manifest.version)}"${floor}${target}>
        <packages>
${manifest.packages.map(renderPackage).join('')}        </packages>
${manifest.action === null ? '' : renderAction(manifest.action)}      </manifest>
`;
}

function renderPackage(file: ManifestPackage): string {
  const attributes =
    attribute('name', file.name) +
    attribute('hash', file.sha1) +
    attribute('hash_sha256', file.sha256) +
    attribute('size', String(file.size)) +
    attribute('required', String(file.required));
  return `          <package${attributes}/>\n`;
}

/** `MaxFailureCountPerUrl` 2: a second failure goes on to the next URL; the client's default of ten takes 7.5 hours. */
function renderAction(action: PostinstallAction): string {
  const attributes =
    attribute('event', 'postinstall') +
    attribute('DisplayVersion', action.displayVersion) +
    attribute('sha256', action.sha256) +
    attribute('needsadmin', flag(action.needsAdmin)) +
    attribute('IsDeltaPayload', flag(action.isDelta)) +
    attribute('DisablePayloadBackoff', flag(action.disablePayloadBackoff)) +
    attribute('MaxFailureCountPerUrl', '2') +
    attribute('MetadataSignatureRsa', action.metadataSignatureRsa) +
    attribute('MetadataSize', action.metadataSize) +
    attribute('deadline', action.deadline);
  return `        <actions><action${attributes}/></actions>\n`;
}

function flag(value: boolean): string | null {
  return value ? 'true' : null;
}

function attribute(name: string, value: string | null): string {
  return value === null || value === '' ? '' : ` ${name}="${escapeAttribute(value)}"`;
}
