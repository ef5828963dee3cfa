// What reading a request costs: the scanner against the reference and against fast-xml-parser, on update_engine's recorded check,
// in turns within one run. Bytes in, values out: each includes making a string of the body.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { parseByReference, scanRequest } from '@platte/omaha';
import { clientsFolder } from '../clients/recordings.js';
import { type Bench, median } from './bench.js';

/** Microseconds of processor time per document: medians of the rounds. */
export interface ParseFigures {
  bytes: number;
  scanner: number;
  /** saxes, our refusals, fast-xml-parser: what the scanner must agree with. */
  reference: number;
  fastXmlParser: number;
  fastXmlParserValidated: number;
}

const reader = new XMLParser({ ignoreAttributes: false, parseTagValue: false });

function readValidated(body: Buffer): unknown {
  const text = body.toString('utf8');
  if (XMLValidator.validate(text) !== true) throw new Error('the recording is not well-formed');
  return reader.parse(text);
}

/** The fast one reads more documents, so that every turn takes about as long: short turns measure the machine's other load. */
const contestants = [
  { name: 'scanner', read: scanRequest, share: 12 },
  { name: 'reference', read: parseByReference, share: 1 },
  { name: 'fastXmlParser', read: (body: Buffer): unknown => reader.parse(body.toString('utf8')), share: 2 },
  { name: 'fastXmlParserValidated', read: readValidated, share: 1 },
] as const;

export function measureParse(options: { rounds?: number; documentsPerTurn?: number } = {}): ParseFigures {
  const { rounds = 9, documentsPerTurn = 1000 } = options;
  const body = readFileSync(join(clientsFolder, 'recordings', 'update-engine.check.3-2.xml'));
  const figures = { scanner: [], reference: [], fastXmlParser: [], fastXmlParserValidated: [] } as Figures;
  // The first two rounds are for the compiler.
  for (let round = -2; round < rounds; round++) {
    for (const { name, read, share } of contestants) {
      const us = cpuPerCall(() => read(body), documentsPerTurn * share);
      if (round >= 0) figures[name].push(us);
    }
  }
  return {
    bytes: body.length,
    scanner: median(figures.scanner),
    reference: median(figures.reference),
    fastXmlParser: median(figures.fastXmlParser),
    fastXmlParserValidated: median(figures.fastXmlParserValidated),
  };
}

type Figures = Record<(typeof contestants)[number]['name'], number[]>;

/** Processor time, in us: wall time would count what the machine did for others. */
function cpuPerCall(call: () => unknown, calls: number): number {
  const start = process.cpuUsage();
  for (let n = 0; n < calls; n++) call();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / calls;
}

export const parseBench: Bench = {
  name: 'parse',
  about: 'reading one recorded request, against fast-xml-parser with and without validator, and against our reference',
  measure: async ({ quick, say }) => {
    say('four parsers in turns');
    const figures = measureParse(quick ? { rounds: 3, documentsPerTurn: 300 } : {});
    return [
      against('scanner, against fast-xml-parser with validator', figures, figures.fastXmlParserValidated, 12),
      against('scanner, against fast-xml-parser alone', figures, figures.fastXmlParser, 7),
      against('scanner, against the reference', figures, figures.reference, 12),
    ];
  },
};

function against(name: string, { scanner }: ParseFigures, baseline: number, goal: number) {
  const ratio = baseline / scanner;
  return { name, figure: scanner, unit: 'us', baseline, ratio, goal: `>= ${goal} times faster`, met: ratio >= goal };
}
