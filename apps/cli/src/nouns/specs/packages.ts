import type { NounSpec } from '../command-spec.js';
import type { FieldSpec } from '../option-spec.js';
import { orNone, toText, toWhole } from '../field-values.js';
import { archs, fromFile, inApp, ofApp, packageArgument } from './options.js';

const fields: readonly FieldSpec[] = [
  { flags: '--type <type>', about: 'what it is', choices: ['flatcar', 'docker', 'rocket', 'other'], path: 'type' },
  { flags: '--url <base>', about: 'where the payload is: an http(s) base that ends in /', path: 'url' },
  { flags: '--filename <name>', about: 'the payload below the base', path: 'filename' },
  { flags: '--size <bytes>', about: 'its size', parse: toWhole, path: 'size' },
  { flags: '--sha1 <base64>', about: 'its SHA-1', parse: orNone(toText), path: 'sha1' },
  { flags: '--sha256 <hex>', about: 'its SHA-256', parse: orNone(toText), path: 'sha256' },
  {
    flags: '--action-sha256 <base64>',
    about: 'its SHA-256 in base64, the one hash that update_engine checks',
    path: 'action.sha256',
  },
  { flags: '--description <text>', about: 'what it is', path: 'description' },
];

export const packages: NounSpec = {
  name: 'packages',
  aliases: ['package', 'pkg'],
  summary: 'what machines can be updated to',
  verbs: [
    {
      name: 'list',
      aliases: ['ls'],
      kind: 'list',
      summary: 'list packages, the highest version first',
      options: [ofApp, { flags: '--arch <arch>', about: 'only for this one', choices: archs }],
      operations: ['listPackages'],
      load: async () => (await import('../run/packages.js')).listPackages,
    },
    {
      name: 'get',
      kind: 'read',
      summary: 'show one package',
      args: [packageArgument],
      options: [ofApp],
      operations: ['getPackage'],
      load: async () => (await import('../run/packages.js')).getPackage,
    },
    {
      name: 'create',
      kind: 'change',
      summary: 'create a package',
      options: [inApp, fromFile],
      fields: [
        { flags: '--version <version>', about: 'never changes afterwards', path: 'version' },
        { flags: '--arch <arch>', about: 'never changes afterwards', choices: archs, path: 'arch' },
        ...fields,
      ],
      examples: [
        'platte packages create --version 4593.2.1 --arch amd64 --url https://images.example.com/4593.2.1/ \\',
        '    --filename flatcar_production_update.gz --size 465881871 --action-sha256 LSE7…=',
        'platte packages create -f package.yaml',
      ],
      operations: ['createPackage'],
      load: async () => (await import('../run/packages.js')).createPackage,
    },
    {
      name: 'update',
      kind: 'change',
      summary: 'edit a package; version and arch never change',
      args: [packageArgument],
      options: [ofApp, fromFile],
      fields,
      operations: ['editPackage'],
      load: async () => (await import('../run/packages.js')).updatePackage,
    },
    {
      name: 'delete',
      kind: 'change',
      destructive: true,
      summary: 'delete packages that are in no use, or the examples of a first start',
      args: [['[packages...]', 'id, version, or version/arch of each']],
      options: [
        ofApp,
        { flags: '--examples', about: 'all example packages; channels that offer one are left without a package' },
      ],
      examples: ['platte packages delete 4459.2.1/amd64', 'platte packages delete --examples --yes'],
      operations: ['deletePackage', 'removeExamplePackages'],
      load: async () => (await import('../run/packages.js')).deletePackages,
    },
  ],
};
