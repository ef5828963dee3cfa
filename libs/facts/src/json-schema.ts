import { z } from 'zod';
import { Fact } from './fact.js';

/** The JSON Schema of every fact, for people and programs that read `FACTS` or the archive without our code. */
export function toJsonSchema(): Record<string, unknown> {
  return { title: 'Fact', ...z.toJSONSchema(Fact, { target: 'draft-2020-12' }) };
}
