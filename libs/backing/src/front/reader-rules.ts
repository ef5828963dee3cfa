// What a read-only user may ask, decided on what the engine has parsed (syntax-tree.ts). Everything has to be on a list:
// kinds of nodes, functions, table functions, system tables, formats. What a later engine adds is refused until it is
// listed, and so is what the engine's tree does not show: settings in a statement and the functions of APPLY.
import { isAllowedAggregate, isAllowedFunction } from './allowed-functions.js';
import { ClickhouseError } from './clickhouse-error.js';
import { isReaderFormat } from './formats.js';
import type { SyntaxNode } from './syntax-tree.js';

export interface ReaderContext {
  user: string;
  /** All functions of the engine, in lower case: a column may have any other name. */
  engineFunctions: ReadonlySet<string>;
}

/** @throws ClickhouseError naming the first thing that is on no list */
export function assertReaderMay(tree: SyntaxNode, context: ReaderContext): void {
  const open: Visit[] = [{ node: tree, above: undefined, place: 0 }];
  for (let visit = open.pop(); visit !== undefined; visit = open.pop()) {
    const { node } = visit;
    const rule = rules.get(node.kind);
    if (rule === undefined) throw refused(context, `use ${describe(node)}`);
    rule(visit, context);
    for (const [place, child] of node.children.entries()) open.push({ node: child, above: visit, place });
  }
}

interface Visit {
  node: SyntaxNode;
  above: Visit | undefined;
  /** Among the children of the node above. */
  place: number;
}

type Rule = (visit: Visit, context: ReaderContext) => void;

/** Nodes that hold others and are nothing themselves; a new way to say something has a new kind, and is refused. */
const structure = [
  'SelectWithUnionQuery', 'SelectIntersectExceptQuery', 'SelectQuery', 'ExpressionList', 'Subquery', 'WithElement',
  'TablesInSelectQuery', 'TablesInSelectQueryElement', 'TableExpression', 'TableJoin', 'ArrayJoin', 'SampleRatio',
  'WindowDefinition', 'WindowListElement', 'OrderByElement', 'InterpolateElement', 'Asterisk', 'QualifiedAsterisk',
  'ColumnsRegexpMatcher', 'ColumnsListMatcher', 'QualifiedColumnsRegexpMatcher', 'QualifiedColumnsListMatcher',
  'ColumnsTransformerList', 'ColumnsExceptTransformer', 'ColumnsReplaceTransformer',
  'ColumnsReplaceTransformer::Replacement', 'DescribeQuery',
]; // prettier-ignore

/** `SHOW …` and `EXISTS …`: their conditions are not in the tree, which statement-rules.ts sees to. */
const shows = [
  'ShowTables', 'ShowColumns', 'ShowFunctions', 'ShowCreateTableQuery', 'ShowCreateViewQuery', 'ShowCreateDatabaseQuery',
  'ExistsTableQuery', 'ExistsViewQuery', 'ExistsDatabaseQuery',
]; // prettier-ignore

const rules = new Map<string, Rule>([
  ...structure.map((kind) => [kind, () => {}] as const),
  ...shows.map((kind) => [kind, () => {}] as const),
  ['Literal', assertLiteral],
  ['Function', assertFunction],
  ['Identifier', assertIdentifier],
  ['TableIdentifier', ({ node }, context) => assertTable(node.name, context)],
  ['Explain', assertExplain],
  ['Set', assertSettings],
]);

/** Directly below a whole query it is the name of a file that the result would go to. */
function assertLiteral({ above }: Visit, context: ReaderContext): void {
  if (isStatement(above)) throw refused(context, 'write files');
}

function assertFunction({ node, above }: Visit, context: ReaderContext): void {
  const { name } = node;
  if (above?.node.kind === 'TableExpression') {
    if (!isTableFunction(name)) throw refused(context, `use the table function \`${name}\``);
    if (takesStructure.has(name.toLowerCase())) assertPlainStructure(node, context);
  } else if (!isAllowedFunction(name)) {
    throw refused(context, `call the function \`${name}\``);
  } else if (takesAggregate.has(name.toLowerCase())) {
    assertAggregateName(node, context);
  }
}

const firstArgument = ({ children }: SyntaxNode): SyntaxNode | undefined => children[0]?.children[0];

/**
 * Functions whose first argument names an aggregate function. The engine parses that text and evaluates its parameters,
 * whatever they are: `sum((select …))`. None of it is in the tree, so that only a bare name passes.
 */
const takesAggregate = new Set(['arrayreduce', 'arrayreduceinranges', 'initializeaggregation']);

function assertAggregateName(node: SyntaxNode, context: ReaderContext): void {
  const named = firstArgument(node);
  const word = named?.kind === 'Literal' ? /^'(\w+)'$/.exec(named.name)?.[1] : undefined;
  if (word === undefined || !isAllowedAggregate(word.toLowerCase()))
    throw refused(context, `call \`${node.name}\` with anything but the plain name of an aggregate function`);
}

/** Table functions whose first argument may be the text of a list of columns; a default in it is evaluated. */
const takesStructure = new Set(['values', 'sqlstandardvalues']);

function assertPlainStructure(node: SyntaxNode, context: ReaderContext): void {
  const structure = firstArgument(node);
  if (structure?.kind !== 'Literal' || evaluated.test(structure.name))
    throw refused(context, `call \`${node.name}\` with anything but plain columns: a name and a type each`);
}

/** What makes the engine evaluate an expression of a column, or call something for it. */
const evaluated = /\b(?:default|materialized|ephemeral|alias|codec|ttl|statistics|settings|select)\b|\\/i;

/** Not `null` and `generateRandom`: they take the text of a list of columns, whose defaults call any function. */
const tableFunctions = new Set([
  'numbers', 'numbers_mt', 'zeros', 'zeros_mt', 'generateseries', 'generate_series', 'primes', 'values', 'sqlstandardvalues',
  'view',
]); // prettier-ignore

/** Views with parameters are called like functions; ours, and those that people add, are named `v_…`. */
function isTableFunction(name: string): boolean {
  return tableFunctions.has(name.toLowerCase()) || /^(?:\w+\.)?v_\w+$/.test(name);
}

/** A column, a table behind IN, a format, or a function for `arrayMap(f, …)`: which of these the engine decides later. */
function assertIdentifier(visit: Visit, context: ReaderContext): void {
  const { name } = visit.node;
  if (isStatement(visit.above)) {
    if (!isReaderFormat(name)) throw refused(context, `use the format \`${name}\``);
    return;
  }
  if (shows.includes(visit.above?.node.kind ?? '')) return assertPlain(name, context);
  assertNoFunction(name, context);
  if (pathPattern.test(name)) throw refused(context, `read from \`${name}\``);
  if (isSystemName(name) || isBehindIn(visit)) assertTable(name, context);
}

/** By an alias a name may become a table later, and the engine takes paths for tables. */
const pathPattern = /^[/.~]|\.\.|:\/\//;

const statements = ['SelectWithUnionQuery', 'DescribeQuery'];

function isStatement(visit: Visit | undefined): boolean {
  return visit !== undefined && statements.includes(visit.node.kind);
}

function assertNoFunction(name: string, context: ReaderContext): void {
  for (const part of [name, ...name.split('.')]) {
    if (context.engineFunctions.has(part.toLowerCase()) && !isAllowedFunction(part)) {
      throw refused(context, `use the name of the function \`${part}\``);
    }
  }
}

/** `IN`, `GLOBAL NOT IN` and the others: their second argument may be a table. */
const inPattern = /^(?:global)?(?:not)?(?:null)?in(?:ignoreset)?$/i;

function isBehindIn({ above, place }: Visit): boolean {
  const call = above?.node.kind === 'ExpressionList' ? above.above?.node : undefined;
  return place === 1 && call?.kind === 'Function' && inPattern.test(call.name);
}

/** No path of a file, which the engine would also take for a table. */
const plainName = /^[\p{L}\p{N}_$ -]+(?:\.[\p{L}\p{N}_$ -]+)*$/u;

function assertPlain(name: string, context: ReaderContext): void {
  if (!plainName.test(name)) throw refused(context, `read from \`${name}\``);
}

function assertTable(name: string, context: ReaderContext): void {
  assertPlain(name, context);
  const [database = '', table = ''] = name.split('.');
  if (isSystemDatabase(database) && !isSystemTable(database, table)) throw refused(context, `read \`${name}\``);
}

/** With a point: a column may be called `system`. */
function isSystemName(name: string): boolean {
  return name.includes('.') && isSystemDatabase(name.split('.')[0]!);
}

/** It must not be the database of a read-only user's request either: its tables would be named without it. */
export function isSystemDatabase(name: string): boolean {
  return ['system', 'information_schema'].includes(name.toLowerCase());
}

/** What tools ask to know which tables, columns, functions and settings there are; nothing of other people's queries. */
const systemTables = new Set([
  'one', 'numbers', 'numbers_mt', 'zeros', 'zeros_mt', 'databases', 'tables', 'columns', 'parts', 'parts_columns',
  'functions', 'table_functions', 'aggregate_function_combinators', 'formats', 'settings', 'data_type_families',
  'table_engines', 'keywords', 'collations', 'time_zones', 'contributors', 'licenses',
]); // prettier-ignore

const schemaTables = new Set(['schemata', 'tables', 'views', 'columns', 'engines', 'character_sets', 'collations']);

function isSystemTable(database: string, table: string): boolean {
  return (database.toLowerCase() === 'system' ? systemTables : schemaTables).has(table.toLowerCase());
}

const explains = [
  'EXPLAIN',
  'EXPLAIN AST',
  'EXPLAIN SYNTAX',
  'EXPLAIN QUERY TREE',
  'EXPLAIN PIPELINE',
  'EXPLAIN ESTIMATE',
];

function assertExplain({ node }: Visit, context: ReaderContext): void {
  const isQuery = node.children.every(({ kind }) => kind === 'Set' || kind === 'SelectWithUnionQuery');
  if (!explains.includes(node.name) || !isQuery) throw refused(context, `use ${describe(node)}`);
}

/** The engine's tree does not show them. Those of EXPLAIN only choose what is explained. */
function assertSettings({ above }: Visit, context: ReaderContext): void {
  if (above?.node.kind !== 'Explain')
    throw refused(context, 'change settings in a statement; send them with the request');
}

function describe({ kind, name }: SyntaxNode): string {
  if (kind === 'ColumnsApplyTransformer') return 'APPLY';
  return `statements with ${kind}${name === '' ? '' : ` ${name}`}`;
}

function refused({ user }: ReaderContext, what: string): ClickhouseError {
  return new ClickhouseError(497, 'ACCESS_DENIED', `${user}: Not enough privileges to ${what}`);
}
