// The bytes that update_engine 0.4.10 posts: blank before `>` of `<app … >`, pairs instead of empty elements, and its escaping,
// which leaves `"` alone.

export interface MachineProfile {
  appid: string;
  track: string;
  machineId: string;
  alias: string;
  oem: string;
  oemVersion: string;
  alephVersion: string;
  board: string;
  /** `uname -m`. */
  kernelArch: string;
  /** Whether SERVER is another than Flatcar's public one: it marks every error code. */
  ownServer: boolean;
}

export interface WireEvent {
  type: number;
  result: number;
  errorCode?: number | undefined;
  previousVersion?: string | undefined;
}

/** What changes from request to request. */
export interface RequestContent {
  version: string;
  bootId: string;
  interactive: boolean;
  ping: boolean;
  updateCheck: boolean;
  event: WireEvent | null;
}

const engine = 'update_engine-0.4.10';

export function composeRequest(profile: MachineProfile, content: RequestContent): string {
  const { version } = content;
  const source = content.interactive ? 'ondemandupdate' : 'scheduler';
  const body =
    (content.ping ? '        <ping active="1"></ping>\n' : '') +
    (content.updateCheck ? '        <updatecheck></updatecheck>\n' : '') +
    (content.event === null ? '' : composeEvent(content.event));
  return `<?xml version="1.0" encoding="UTF-8"?>
<request protocol="3.0" version="${engine}" updaterversion="${engine}" installsource="${source}" ismachine="1">
    <os version="Chateau" platform="CoreOS" sp="${encode(version)}_${profile.kernelArch}"></os>
    <app ${composeIdentity(profile, content)} >
${body}    </app>
</request>
`;
}

function composeIdentity(profile: MachineProfile, { version, bootId }: RequestContent): string {
  const attributes = {
    appid: profile.appid,
    version,
    track: profile.track,
    bootid: bootId,
    oem: profile.oem,
    oemversion: profile.oemVersion,
    alephversion: profile.alephVersion,
    machineid: profile.machineId,
    machinealias: profile.alias,
    lang: 'en-US',
    board: profile.board,
    hardware_class: '',
    delta_okay: 'false',
  };
  return Object.entries(attributes)
    .map(([name, value]) => `${name}="${encode(value)}"`)
    .join(' ');
}

function composeEvent(event: WireEvent): string {
  const code = event.errorCode === undefined ? '' : ` errorcode="${event.errorCode}"`;
  const previous = event.previousVersion === undefined ? '' : ` previousversion="${encode(event.previousVersion)}"`;
  return `        <event eventtype="${event.type}" eventresult="${event.result}"${code}${previous}></event>\n`;
}

function encode(text: string): string {
  if (/^[ -%'-;=?-~]*$/.test(text)) return text;
  return Array.from(text, encodeCharacter).join('');
}

function encodeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (character === '&') return '&amp;';
  if (character === '<') return '&lt;';
  if (character === '>') return '&gt;';
  if (code < 0x20) return '';
  return code < 0x7f ? character : `&#x${code.toString(16).toUpperCase()};`;
}
