// docs/reference/settings.md, from the schemas of the programs' settings and the comments beside them. Run it after a change of
// a setting: `node tools/settings-reference.ts`; a test tells when it is old.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const programs = ['ingress', 'policy', 'analytics', 'api'];
export const settingsPage = join(root, 'docs/reference/settings.md');

const head = `# Settings

Written by \`node tools/settings-reference.ts\` from the programs' schemas: do not edit it.

Programs read environment variables. All that is wrong is said at once, each with its variable and what it should be, and the program ends with code 78
before it listens. Durations have a unit (\`500ms\`, \`10s\`, \`24h\`), sizes too (\`512MiB\`). An empty variable counts as absent. A secret may
stand in a file instead, which a variable that ends in \`_FILE\` names; both together are an error. \`./platte up\` sets what
says where servers, folders and ports are, and sizes by the disk that is there: of these it reads \`PLATTE_PORT\`, \`PLATTE_API_PORT\`, \`PLATTE_SQL_PORT\`,
\`PLATTE_FACTS_MAX\` and \`PLATTE_SPOOL_MAX\` only. All other settings go on to its programs.
`;

/** The page as it should be. */
export function renderSettings(): string {
  return [head, ...programs.map(renderProgram)].join('\n');
}

function renderProgram(program: string): string {
  const rows = readSettings(join(root, `apps/${program}/src/config.ts`)).map(
    ({ name, fallback, meaning }) => `| \`${toVariable(name)}\` | ${fallback} | ${meaning} |`,
  );
  return [`## ${program}`, '', '| variable | default | meaning |', '| --- | --- | --- |', ...rows, ''].join('\n');
}

interface Setting {
  name: string;
  fallback: string;
  meaning: string;
}

/** The properties of the first object that is given to \`z.object\`, those that it spreads too. */
function readSettings(path: string): Setting[] {
  const source = parse(path);
  const schema = find(source, (node) => ts.isCallExpression(node) && node.expression.getText() === 'z.object');
  if (schema === undefined || !ts.isCallExpression(schema))
    throw new Error(`${path}: no z.object(…) to read settings from`);
  const [shape] = schema.arguments;
  if (shape === undefined || !ts.isObjectLiteralExpression(shape))
    throw new Error(`${path}: z.object takes no literal`);
  // What a program names again takes the place of the shared setting.
  const settings = new Map(toSettings(shape).map((setting) => [setting.name, setting]));
  return [...settings.values()];
}

function toSettings(shape: ts.ObjectLiteralExpression): Setting[] {
  return shape.properties.flatMap((property) => {
    if (ts.isSpreadAssignment(property)) return toSettings(readShared(property.expression.getText()));
    if (!ts.isPropertyAssignment(property)) return [];
    return {
      name: property.name.getText(),
      fallback: readFallback(property.initializer.getText()),
      meaning: [readComment(property.getSourceFile(), property), readSecretNote(property)].join(' ').trim(),
    };
  });
}

/** A group of settings that several programs spread into theirs. */
function readShared(name: string): ts.ObjectLiteralExpression {
  const source = parse(join(root, 'libs/service/src/shared-settings.ts'));
  const group = find(source, (node) => ts.isVariableDeclaration(node) && node.name.getText() === name);
  if (group === undefined || !ts.isVariableDeclaration(group) || !ts.isObjectLiteralExpression(group.initializer!))
    throw new Error(`${source.fileName} has no settings named ${name}`);
  return group.initializer;
}

function parse(path: string): ts.SourceFile {
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
}

function find(node: ts.Node, isIt: (node: ts.Node) => boolean): ts.Node | undefined {
  return isIt(node) ? node : ts.forEachChild(node, (child) => find(child, isIt));
}

/** Secrets have a file form, libs/service/src/secret-files.ts. */
function readSecretNote({ name, initializer }: ts.PropertyAssignment): string {
  const isSecret = /\bsecret\(|\bsecret: true\b/.test(initializer.getText());
  return isSecret ? `Secret: \`${toVariable(name.getText())}_FILE\` names a file to read it from instead.` : '';
}

function readFallback(schema: string): string {
  const given = /\.default\(([^)]*)\)$/.exec(schema)?.[1];
  if (given !== undefined) return `\`${withUnit(schema, given.replaceAll(/'|(?<=\d)_(?=\d)/g, ''))}\``;
  return schema.endsWith('.optional()') ? '' : 'required';
}

/** As a person would write it in the variable: durations are ms in the code, sizes are bytes. */
function withUnit(schema: string, text: string): string {
  if (schema.startsWith('duration('))
    return inUnits(toNumber(text), [86_400_000, 3_600_000, 60_000, 1000, 1], ['d', 'h', 'm', 's', 'ms']);
  const power = /^(?:(\d+) \* )?2 \*\* (\d+)$/.exec(text);
  if (!schema.startsWith('byteSize(') || power === null) return text;
  const bytes = Number(power[1] ?? 1) * 2 ** Number(power[2]);
  return inUnits(bytes, [2 ** 30, 2 ** 20, 2 ** 10, 1], ['GiB', 'MiB', 'KiB', 'B']);
}

/** Code writes days as a product: `14 * 86400000`. */
function toNumber(text: string): number {
  return text.split('*').reduce((product, factor) => product * Number(factor), 1);
}

function inUnits(value: number, sizes: number[], names: string[]): string {
  const index = Math.max(
    0,
    sizes.findIndex((size) => value >= size && value % size === 0),
  );
  return `${value / sizes[index]!}${names[index]!}`;
}

function readComment(source: ts.SourceFile, property: ts.PropertyAssignment): string {
  const comments = ts.getLeadingCommentRanges(source.text, property.getFullStart()) ?? [];
  const text = comments.map(({ pos, end }) => source.text.slice(pos, end)).join('\n');
  return text
    .replaceAll(/\/\*\*?|\*\/|^\s*\*(?!\/)|^\s*\/\/ ?/gm, ' ')
    .replaceAll(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .trim();
}

function toVariable(key: string): string {
  return `PLATTE_${key.replaceAll(/[A-Z]/g, '_$&').toUpperCase()}`;
}

if (process.argv[1] === import.meta.filename) {
  writeFileSync(settingsPage, renderSettings());
  console.log(`wrote ${settingsPage}`);
}
