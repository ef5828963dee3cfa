// A certificate authority for one test run: keys and X.509 certificates as PEM files, made with Node alone. Node reads
// certificates and does not write them, so the few DER structures that RFC 5280 needs are written here.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Paths of PEM files. */
export interface Certificate {
  certFile: string;
  keyFile: string;
}

export interface Certificates {
  /** The authority that signed the two others, and that no system trusts. */
  caFile: string;
  /** For servers on 127.0.0.1 and localhost. */
  server: Certificate;
  client: Certificate;
}

const validForMs = 86_400_000;

/** Makes an authority, and a certificate of it for servers and one for clients. Valid for a day before and after now. */
export async function makeCertificates(folder: string): Promise<Certificates> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const authority = makeIdentity('Platte test authority');
  const caFile = join(folder, 'ca.pem');
  await writeFile(caFile, toPem('CERTIFICATE', writeCertificate(authority, authority, [isAuthority])));
  const issue = async (name: string, extensions: Buffer[]): Promise<Certificate> => {
    const identity = makeIdentity(name);
    const files = { certFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}-key.pem`) };
    await writeFile(files.certFile, toPem('CERTIFICATE', writeCertificate(identity, authority, extensions)));
    await writeFile(files.keyFile, identity.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
    return files;
  };
  return { caFile, server: await issue('server', [isLoopback]), client: await issue('client', []) };
}

interface Identity {
  name: string;
  publicKey: KeyObject;
  privateKey: KeyObject;
}

function makeIdentity(name: string): Identity {
  return { name, ...generateKeyPairSync('ec', { namedCurve: 'prime256v1' }) };
}

const tags = { integer: 0x02, bits: 0x03, octets: 0x04, oid: 0x06, utf8: 0x0c, sequence: 0x30, set: 0x31, time: 0x17 };

/** One DER value: tag, length, content. Lengths of 128 and more take their own number of bytes first. */
function der(tag: number, ...content: Buffer[]): Buffer {
  const body = Buffer.concat(content);
  if (body.length < 128) return Buffer.concat([Buffer.from([tag, body.length]), body]);
  const length = Buffer.from(body.length.toString(16).padStart(body.length > 255 ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, body]);
}

const sequence = (...content: Buffer[]): Buffer => der(tags.sequence, ...content);
const oid = (hex: string): Buffer => der(tags.oid, Buffer.from(hex, 'hex'));
const yes = Buffer.from([0x01, 0x01, 0xff]);

/** 1.2.840.10045.4.3.2 */
const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'));
/** basicConstraints, critical: a certificate authority. */
const isAuthority = sequence(oid('551d13'), yes, der(tags.octets, sequence(yes)));
/** subjectAltName: a DNS name (tag 2) and an IP address (tag 7). */
const isLoopback = sequence(
  oid('551d11'),
  der(tags.octets, sequence(der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])))),
);

/** A name with the common name alone. */
const toName = (name: string): Buffer =>
  sequence(der(tags.set, sequence(oid('550403'), der(tags.utf8, Buffer.from(name)))));

/** UTCTime: `YYMMDDHHMMSSZ`. */
const toTime = (ms: number): Buffer =>
  der(tags.time, Buffer.from(`${new Date(ms).toISOString().slice(2, 19).replaceAll(/[-T:]/g, '')}Z`));

function writeCertificate(subject: Identity, issuer: Identity, extensions: Buffer[]): Buffer {
  const version3 = der(0xa0, der(tags.integer, Buffer.from([2])));
  const serial = der(tags.integer, Buffer.from([1]), randomBytes(8));
  const validity = sequence(toTime(Date.now() - validForMs), toTime(Date.now() + validForMs));
  const key = subject.publicKey.export({ type: 'spki', format: 'der' });
  const rest = extensions.length === 0 ? [] : [der(0xa3, sequence(...extensions))];
  const names = [toName(issuer.name), validity, toName(subject.name)];
  const signed = sequence(version3, serial, ecdsaWithSha256, ...names, key, ...rest);
  // A bit string begins with the number of its unused bits.
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', signed, issuer.privateKey)]);
  return sequence(signed, ecdsaWithSha256, der(tags.bits, signature));
}

function toPem(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').replaceAll(/.{1,64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}
