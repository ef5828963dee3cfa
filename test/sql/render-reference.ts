// Asks every example of docs/reference/sql.md, as a person would (HTTP, as the read-only user), and puts each answer behind it.
// The prose and the questions are written by hand; the answers are not.

export interface Answered {
  meta: { name: string; type: string }[];
  data: Record<string, unknown>[];
  rows: number;
}

const rowsShownMax = 12;
const example = /```sql\n([^`]+)```\n(?:\n```text\n[^`]*```\n)?/g;

export function examplesOf(page: string): string[] {
  return [...page.matchAll(example)].map(([, question = '']) => question.trim());
}

export function withAnswers(page: string, answers: ReadonlyMap<string, Answered>): string {
  return page.replaceAll(example, (_, question: string) => {
    const answer = answers.get(question.trim());
    if (answer === undefined) throw new Error(`nobody answered: ${question}`);
    return `\`\`\`sql\n${question}\`\`\`\n\n\`\`\`text\n${renderAnswer(answer)}\n\`\`\`\n`;
  });
}

function renderAnswer({ meta, data, rows }: Answered): string {
  const names = meta.map(({ name }) => name);
  const shown = data.slice(0, rowsShownMax).map((row) => names.map((name) => toCell(row[name])));
  const widths = names.map((name, column) =>
    Math.max(...[[...names], ...shown].map((row) => row[column]?.length ?? 0), name.length),
  );
  const isNumber = meta.map(({ type }) => /^(Nullable\()?(U?Int|Float)/.test(type));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  const more = rows > rowsShownMax ? [`… and ${rows - rowsShownMax} more`] : [];
  return [line(names), rule, ...shown.map(line), ...more].join('\n');
}

function toCell(value: unknown): string {
  if (value === null) return 'NULL';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
