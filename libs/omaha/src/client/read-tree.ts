// A strict reading of an answer, as elements in document order: how clients see it. Not the parsers of the product, so that a
// model of a client and the product cannot share a misunderstanding.
import { SaxesParser } from 'saxes';

export interface TreeElement {
  name: string;
  attributes: Readonly<Record<string, string>>;
  children: TreeElement[];
}

/** Undefined when it is not well-formed. */
export function readTree(text: string): TreeElement | undefined {
  const top: TreeElement = { name: '', attributes: {}, children: [] };
  const open = [top];
  const parser = new SaxesParser();
  let isWellFormed = true;
  parser.on('error', () => {
    isWellFormed = false;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const element: TreeElement = { name, attributes: { ...attributes }, children: [] };
    open.at(-1)?.children.push(element);
    open.push(element);
  });
  parser.on('closetag', () => void open.pop());
  parser.write(text).close();
  return isWellFormed ? top.children[0] : undefined;
}

export function childrenNamed(element: TreeElement, name: string): TreeElement[] {
  return element.children.filter((child) => child.name === name);
}

/** All elements at the end of that path, in document order. */
export function elementsAt(root: TreeElement, ...path: string[]): TreeElement[] {
  return path.reduce((found, name) => found.flatMap((element) => childrenNamed(element, name)), [root]);
}
