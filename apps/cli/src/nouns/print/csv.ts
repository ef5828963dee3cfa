/** RFC 4180, with line feeds. */
export function renderCsv(rows: readonly (readonly (string | number)[])[]): string {
  return rows.map((row) => row.map((value) => toCell(String(value))).join(',')).join('\n');
}

function toCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
