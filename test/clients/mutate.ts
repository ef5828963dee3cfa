// Small damages to a request, as data: fast-check shrinks a list of them, the fuzzer draws them. The words are those that
// matter to an XML parser or to Omaha; most mutants stay nearly right, which is where two parsers part.

export interface Mutation {
  kind: (typeof mutationKinds)[number];
  /** Where, as a share of the body. */
  at: number;
  /** How much, for kinds that take a length: 0..64 bytes. */
  length: number;
  /** Which word or byte, taken modulo what there is. */
  pick: number;
}

export const mutationKinds = ['insert', 'replace', 'cut', 'repeat', 'flip', 'byte', 'move', 'truncate'] as const;

// oxfmt-ignore
const words = [
  '<', '>', '/', '/>', '"', "'", '=', '&', ';', ' ', '\t', '\n', '\r\n', '\0', '\u0001', ':', '-', '{', '}',
  '\uFEFF', '&amp;', '&lt;', '&gt;', '&quot;', '&apos;', '&#38;', '&#x26;', '&#0;', '&#10;', '&#xD;', '&#xD800;',
  '&#x1F600;', '&#xFFFE;', '&#x110000;', '&#00065;', '&#x;', '&nbsp;', '&foo;', '&amp;lt;', '&#38;lt;', 'é', '😀',
  '\u0085', '\u2028', '<!-- x -->', '<!-- -- -->', '<![CDATA[<app/>]]>', ']]>', '<?pi x?>', '<!DOCTYPE request>',
  '<!ENTITY a "b">', '<?xml version="1.0"?>', '<?xml version="1.1" encoding="UTF-8"?>',
  '<?xml version="1.0" encoding="ISO-8859-1"?>', '<request>', '</request>', '<app>', '</app>', '<app/>',
  '<app appid="x"/>', '<os/>', '<hw sse="1"/>', '<ping/>', '<event/>', '<updatecheck/>',
  '<updatecheck targetversionprefix="1."/>', '<event eventtype="3" eventresult="0" errorcode="9"/>',
  '<o:app o:appid="x"/>', '<data name="install"/>', '<x>text</x>', '<__proto__/>', '<constructor/>', '</ping >',
  '<apple/>', ' version="1"', ' o:version="2"', " track='a'", ' appid = "b"', ' xmlns="u"', ' xmlns:o="u"',
  ' __proto__="1"', ' x="1"', ' eventtype="-1"', ' eventresult="99999999999"', ' eventtype="1e3"',
  ' delta_okay="TRUE"', ' ismachine="true"', ' protocol="2.0"', ' protocol="3.1"', ' protocol=""', ' a="-5"',
  ' r="-1"', ' ad="99999999"', ' cohort="1:2:"', ' hardware_class=""',
];

const encoder = new TextEncoder();
const encodedWords = words.map((word) => encoder.encode(word));

/** Bodies stay below this, so that a long run of repeats does not only make big ones. */
const bodyBytesMax = 16 * 1024;

export function applyMutations(body: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  return mutations.reduce((mutant, mutation) => applyMutation(mutant, mutation), body).subarray(0, bodyBytesMax);
}

interface Parts {
  head: Uint8Array;
  part: Uint8Array;
  tail: Uint8Array;
  word: Uint8Array;
  pick: number;
}

const damage: Record<Mutation['kind'], (parts: Parts) => Uint8Array> = {
  insert: ({ head, part, tail, word }) => join(head, word, part, tail),
  replace: ({ head, tail, word }) => join(head, word, tail),
  cut: ({ head, tail }) => join(head, tail),
  repeat: ({ head, part, tail }) => join(head, part, part, tail),
  flip: ({ head, part, tail, pick }) => join(head, flipBit(part, pick % 8), tail),
  byte: ({ head, part, tail, pick }) => join(head, Uint8Array.of(pick % 256), part, tail),
  move: ({ head, part, tail }) => join(head, tail, part),
  truncate: ({ head }) => head,
};

function applyMutation(body: Uint8Array, { kind, at, length, pick }: Mutation): Uint8Array {
  const start = Math.min(body.length, Math.floor(at * (body.length + 1)));
  const end = Math.min(body.length, start + length);
  return damage[kind]({
    head: body.subarray(0, start),
    part: body.subarray(start, end),
    tail: body.subarray(end),
    word: encodedWords[pick % encodedWords.length]!,
    pick,
  });
}

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  return bytes.map((byte) => byte ^ (1 << bit));
}

function join(...parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
