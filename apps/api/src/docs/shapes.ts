// Shapes as tables: a row for each field, with inner ones below it by their path; what has a name is a link to it.
import type { Parameter, Schema } from './document.js';
import { html, prose, raw, type Html } from './html.js';

/** Deeper than this a shape has a name of its own. */
const depthMax = 4;

export function renderParameters(parameters: readonly Parameter[]): Html {
  const rows = parameters.map(({ name, required, schema, description = '' }) =>
    renderRow({ name, required, schema: { ...schema, description } }),
  );
  return html`<table class="fields">
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

export function renderShape(schema: Schema): Html {
  const rows = toRows(schema, '', 0);
  if (rows.length === 0) return html`<p>${describeType(schema)}</p>`;
  return html`<table class="fields">
    <tbody>
      ${rows.map(renderRow)}
    </tbody>
  </table>`;
}

interface Row {
  name: string;
  required: boolean;
  schema: Schema;
}

function toRows(schema: Schema, prefix: string, depth: number): Row[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([key, property]) => {
    const name = prefix + key;
    const row = { name, required: required.includes(key), schema: property };
    const inner = depth < depthMax ? innerOf(property) : undefined;
    return [row, ...(inner ? toRows(inner.schema, `${name}${inner.mark}.`, depth + 1) : [])];
  });
}

/** The object within, where it has no name of its own. */
function innerOf(schema: Schema): { schema: Schema; mark: string } | undefined {
  if (schema.properties) return { schema, mark: '' };
  if (schema.items?.properties) return { schema: schema.items, mark: '[]' };
  const inner = schema.anyOf?.find(({ properties }) => properties !== undefined);
  return inner && { schema: inner, mark: '' };
}

function renderRow({ name, required, schema }: Row): Html {
  const { description = '' } = schema;
  const fallback =
    schema.default !== undefined &&
    html` <span class="note">default <code>${JSON.stringify(schema.default)}</code></span>`;
  return html`<tr>
    <th scope="row">
      <code>${raw(String(html`${name}`).replaceAll('.', '.<wbr>'))}</code
      >${required && html` <span class="required" title="required">*</span>`}
    </th>
    <td>
      <span class="type">${describeType(schema)}</span
      >${fallback}${description !== '' && html`<br />${prose(description)}`}
    </td>
  </tr>`;
}

export function describeType(schema: Schema): Html {
  const { $ref, enum: values, const: only, anyOf, oneOf, items, type } = schema;
  if ($ref !== undefined) return linkTo($ref);
  if (only !== undefined) return html`<code>${JSON.stringify(only)}</code>`;
  if (values) return raw(values.map((value) => String(html`<code>${String(value)}</code>`)).join(' <i>or</i> '));
  const options = anyOf ?? oneOf;
  if (options) return raw(options.map((option) => String(describeType(option))).join(' <i>or</i> '));
  if (Array.isArray(type)) return html`${type.join(' or ')}${boundsOf(schema)}`;
  if (type === 'array') return html`list of ${items ? describeType(items) : 'anything'}${boundsOf(schema)}`;
  if (type === 'object' && typeof schema.additionalProperties === 'object')
    return html`object, any name to ${describeType(schema.additionalProperties)}`;
  return html`${nameOf(schema)}${boundsOf(schema)}`;
}

function linkTo(ref: string): Html {
  const name = ref.slice(ref.lastIndexOf('/') + 1);
  return html`<a href="#schema-${name}">${name}</a>`;
}

const formats: Record<string, string> = { 'date-time': 'time, RFC 3339', date: 'date', guid: 'UUID', uuid: 'UUID' };

function nameOf({ type = 'anything', format, pattern }: Schema): string {
  if (pattern?.includes('[0-9a-fA-F]{8}')) return 'UUID';
  return (format !== undefined && formats[format]) || String(type);
}

/** JavaScript's own limits say nothing. */
const saysSomething = (bound: number | undefined): bound is number =>
  bound !== undefined && Math.abs(bound) < Number.MAX_SAFE_INTEGER;

function boundsOf(schema: Schema): string {
  const { minimum, maximum, minLength, maxLength, minItems, maxItems } = schema;
  const range = (from: number | undefined, to: number | undefined, unit: string) => {
    const [low, high] = [saysSomething(from) ? from : undefined, saysSomething(to) ? to : undefined];
    if (low === undefined && high === undefined) return '';
    if (high === undefined) return `, ${low}${unit} or more`;
    return low === undefined || low === 0 ? `, at most ${high}${unit}` : `, ${low} to ${high}${unit}`;
  };
  return (
    range(minimum, maximum, '') + range(minLength, maxLength, ' characters') + range(minItems, maxItems, ' entries')
  );
}
