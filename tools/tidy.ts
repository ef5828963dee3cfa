// The house's style as a check, in the house's own language: what no off-the-shelf linter knows. Each rule has a reason.
// Run by `./platte check` over all files, or over those named; prints each finding as `file:line: rule` and exits 1 when there is one.
import { execFileSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';

interface Finding {
  file: string;
  line: number;
  rule: string;
}

/** A rule about the lines of some files: every line that matches is a finding. */
interface LineRule {
  files: RegExp;
  line: RegExp;
  rule: string;
}

/** A machine that reports the version `constructor` finds it there already, and `__proto__` is lost. */
const outsideKeys = 'keys that come from outside are those of a Map: a plain object has some of its own';

const lineRules: LineRule[] = [
  { files: /\.tsx?$/, line: /^export \* from/, rule: 'a door names what it lets out: no `export *`' },
  {
    files: /\.(tsx?|sql|sh)$/,
    line: /\b(TO[D]O|FIX[M]E|X[X]X)\b/,
    rule: 'do it, or file an issue: no reminders in the code',
  },
  { files: /\.spec\.tsx?$/, line: /\b(it|test|describe)\.(skip|only|todo)\b/, rule: 'a test runs or is deleted' },
  {
    files: /\.spec\.tsx?$/,
    line: /\b(it|test)\(\s*['"`](it )?should\b/,
    rule: 'a test name is a fact in the present: no "should"',
  },
  {
    files: /\.spec\.tsx?$/,
    line: /setTimeout\(\s*(resolve|r|done)\s*,/,
    rule: 'no sleeps: wait on a signal or poll a condition',
  },
  {
    files: /^libs\/(omaha|rollout|fleet|facts)\/src\/(?!.*\.spec\.ts$)/,
    line: /new Date\(\)/,
    rule: 'core has no clock: take `now`',
  },
  {
    files: /^(apps|libs)\/(?!.*\.spec\.ts$)/,
    line: /\bFact(\[\])?\b.*= *(>\s*)?JSON\.parse/,
    rule: 'a stored fact may be of an older version: read it with `decodeFact` or `decodeBatch`',
  },
  {
    files: /\.tsx?$/,
    line: /(\w[\w.]*)\[([^\]]+)\] = \(?\1\[\2\] \?\?/,
    rule: outsideKeys,
  },
  { files: /\.tsx?$/, line: /[\w)]\[[A-Za-z][\w.()]*\] \?\?= /, rule: outsideKeys },
  {
    files: /^(apps|libs)\/[^/]+\/src\/(?!.*\.spec\.ts$).*\.ts$/,
    line: /(: (Readonly<|Partial<)*Record<string, .*= \{\};|\{\} as (Readonly<|Partial<)*Record<string,|reduce<Record<string,)/,
    rule: outsideKeys,
  },
  { files: /\.tsx?$/, line: /@ts-(ignore|nocheck)/, rule: 'types are not silenced' },
  { files: /\.tsx?$/, line: /^\s*(public|private|protected)?\s*(abstract )?class I[A-Z][a-z]/, rule: 'no IThing' },
  {
    files: /\.tsx?$/,
    line: /\b(class|interface|type) \w+(Manager|Helper|Util|Impl)\b/,
    rule: 'name the thing: no Manager, Helper, Util, Impl',
  },
  {
    files: /\.(tsx?|md|json|ya?ml|sql)$/,
    line: /(^|[^\w.])\/(work|root|home)\/\w/,
    rule: "no path of somebody's machine",
  },
];

/** A rule about a file's name. */
const nameRules: { file: RegExp; rule: string }[] = [
  { file: /(^|\/)(utils?|helpers?|common|shared|misc)(\/|\.tsx?$)/, rule: 'rooms are named for a subject, not a kind' },
  { file: /(^|\/)index\.tsx?$/, rule: "a lib's door is a named file, not an index" },
  { file: /^(apps|libs|tools)\/.*[A-Z_].*\.tsx?$/, rule: 'file names are kebab-case' },
];

const linesMax = 400;
const bytesMax = 512 * 1024;
const generated = /(^package-lock\.json$|\.gen\.|^docs\/reference\/openapi\.json$)/;

/** Only in comments: a name in a string may be that of a file which the program makes. */
const citation = /(?<=^\s*(?:\/\/|\/?\*|--).*)\b([a-z][a-z0-9-]*\.md)\b(?: (\d+(?:\.\d+)?))?/g;
let pages: Map<string, ReadonlySet<string>> | undefined;

const named = process.argv.slice(2);
const files = (named.length > 0 ? named : listFiles()).filter(
  (file) => file !== '' && !generated.test(file) && statSync(file, { throwIfNoEntry: false })?.isFile(),
);

const findings = files.flatMap((file) => [...nameFindings(file), ...contentFindings(file)]);
for (const { file, line, rule } of findings) console.log(`${file}:${line}: ${rule}`);
console.log(
  findings.length === 0 ? `${files.length} files are tidy` : `${findings.length} findings in ${files.length} files`,
);
process.exit(findings.length === 0 ? 0 : 1);

/** What git keeps or would keep. */
function listFiles(): string[] {
  return execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' }).split(
    '\n',
  );
}

function nameFindings(file: string): Finding[] {
  return nameRules.filter((rule) => rule.file.test(file)).map(({ rule }) => ({ file, line: 1, rule }));
}

function contentFindings(file: string): Finding[] {
  if (statSync(file).size > bytesMax)
    return [{ file, line: 1, rule: `larger than ${bytesMax} bytes: does it belong here?` }];
  if (!/\.(tsx?|sql|md|json|ya?ml|sh|cjs|mjs)$/.test(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  return [
    ...lineFindings(file, lines),
    ...sizeFindings(file, lines),
    ...titleFindings(file, lines),
    ...citationFindings(file, lines),
  ];
}

function lineFindings(file: string, lines: string[]): Finding[] {
  return lineRules
    .filter((rule) => rule.files.test(file))
    .flatMap(({ line: pattern, rule }) =>
      lines.flatMap((text, index) => (pattern.test(text) ? [{ file, line: index + 1, rule }] : [])),
    );
}

function sizeFindings(file: string, lines: string[]): Finding[] {
  if (!/\.tsx?$/.test(file) || lines.length <= linesMax) return [];
  return [{ file, line: lines.length, rule: `over ${linesMax} lines: it has outgrown its room` }];
}

/** A comment that cites a page, or a page and the number of a section, must name one that exists in this repository. */
function citationFindings(file: string, lines: string[]): Finding[] {
  if (!/\.(tsx?|sql)$/.test(file)) return [];
  return lines.flatMap((text, index) =>
    [...text.matchAll(citation)]
      .filter(([, page = '', section]) => !isCitable(page, section))
      .map(([cited]) => ({ file, line: index + 1, rule: `no page or section of that name: ${cited}` })),
  );
}

function isCitable(page: string, section: string | undefined): boolean {
  const headings = headingsOfPages().get(page);
  return headings !== undefined && (section === undefined || headings.has(section));
}

/** Numbers of the headings of each page, by the page's file name. Read once. */
function headingsOfPages(): ReadonlyMap<string, ReadonlySet<string>> {
  pages ??= new Map(
    listFiles()
      .filter((file) => file.endsWith('.md') && statSync(file, { throwIfNoEntry: false })?.isFile())
      .map((file) => [
        file.slice(file.lastIndexOf('/') + 1),
        new Set([...readFileSync(file, 'utf8').matchAll(/^#+ (\d+(?:\.\d+)?)\b/gm)].map(([, number]) => number!)),
      ]),
  );
  return pages;
}

/** One title per page, on its first line: so that a list of pages can be made from them. */
function titleFindings(file: string, lines: string[]): Finding[] {
  if (!/^docs\/.*\.md$/.test(file)) return [];
  const fence = { open: false };
  const titles = lines.flatMap((text, index) => {
    if (text.startsWith('```')) fence.open = !fence.open;
    return !fence.open && text.startsWith('# ') ? [index] : [];
  });
  return titles.length === 1 && titles[0] === 0
    ? []
    : [{ file, line: 1, rule: 'a page has one title, on its first line' }];
}
