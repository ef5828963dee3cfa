// How another Node process runs one of our files: from the build as it is, from the sources with their types stripped.
import { fileURLToPath } from 'node:url';

/** In the sources imports name the built file (`x.js`), and only `x.ts` is there. */
const typescriptImports = `data:text/javascript,${encodeURIComponent(`
import { registerHooks } from 'node:module';
registerHooks({
  resolve(name, context, next) {
    try {
      return next(name, context);
    } catch (error) {
      if (!name.startsWith('.') || !name.endsWith('.js')) throw error;
      return next(name.slice(0, -3) + '.ts', context);
    }
  },
});`)}`;

/**
 * @param importer `import.meta.url` of the caller
 * @param file the program relative to the caller, without its extension
 * @returns arguments for `process.execPath`
 */
export function nodeProgram(importer: string, file: string): string[] {
  const isSource = importer.endsWith('.ts');
  const program = fileURLToPath(new URL(`${file}${isSource ? '.ts' : '.js'}`, importer));
  const flags = isSource
    ? ['--disable-warning=ExperimentalWarning', '--import', typescriptImports]
    : ['--enable-source-maps'];
  return [...flags, program];
}
