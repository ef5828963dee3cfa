// YAML (and JSON, which is YAML) that a person wrote: what it says, and where, so that what is wrong can be pointed at.
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { CliError } from './cli-error.js';

export interface YamlText {
  value: unknown;
  /**
   * The place of the thing at this path, or of the nearest thing around it, as
   *
   *     fleet.yaml:3:11: applications[0].name: what is wrong
   *         name: 7
   *               ^
   *
   * @param key a name of the thing that is meant, instead of the whole
   */
  point: (path: readonly PropertyKey[], words: string, key?: string) => string;
}

/** Of a long line, such as JSON on one, so much is shown around what is meant. */
const shownCharsMax = 100;

/** @throws CliError that points at what is no YAML */
export function parseYaml(text: string, file: string): YamlText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // Once, however many things are wrong: a file may have ten thousand lines, and something wrong in each.
  let split: string[] | undefined;
  const show = (offset: number, words: string): string => {
    const { line, col } = lines.linePos(offset);
    split ??= text.split(/\r?\n/);
    return `${file}:${line}:${col}: ${words}\n${showLine(split[line - 1] ?? '', col - 1)}`;
  };
  const [error] = document.errors;
  if (error) throw new CliError(`${file} is neither YAML nor JSON:\n${show(error.pos[0], error.message)}`);
  return {
    value: toValue(document, file),
    point: (path, words, key) => {
      const whole = key === undefined ? path : [...path, key];
      return show(findOffset(document, path, key), whole.length === 0 ? words : `${toWords(whole)}: ${words}`);
    },
  };
}

/** @throws CliError for what is YAML and still has no value, such as an alias of nothing */
function toValue(document: Document, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw new CliError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function findOffset(document: Document, path: readonly PropertyKey[], key?: string): number {
  const found = path.length === 0 ? document.contents : document.getIn(path, true);
  if (key !== undefined && isMap(found)) {
    const name = found.items.find((pair) => isScalar(pair.key) && pair.key.value === key)?.key;
    if (isNode(name) && name.range) return name.range[0];
  }
  if (isNode(found) && found.range) return found.range[0];
  return path.length === 0 ? 0 : findOffset(document, path.slice(0, -1), String(path.at(-1)));
}

/** `applications[0].name` */
function toWords(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === 'number' ? `[${part}]` : `${at === 0 ? '' : '.'}${String(part)}`))
    .join('');
}

function showLine(line: string, column: number): string {
  const from = Math.max(0, column - shownCharsMax / 2);
  const shown = line.slice(from, from + shownCharsMax);
  // A tab stays one, so that the mark stands below what it means.
  const before = shown.slice(0, column - from).replaceAll(/[^\t]/g, ' ');
  return `    ${shown}\n    ${before}^`;
}
