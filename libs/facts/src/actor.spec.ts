import { describe, expect, it } from 'vitest';
import { ActorKind, describeActor, platte, toActor } from './facts.js';

describe('an actor', () => {
  it('has the kind that was stored, whatever its name is', () => {
    expect(toActor('platte', 'token')).toEqual({ kind: 'token', name: 'platte' });
    expect(toActor('ada', 'rule')).toEqual({ kind: 'rule', name: 'ada' });
  });

  it('of a program from before kinds is a rule by the name of platte, else a person', () => {
    expect(toActor('platte')).toEqual(platte);
    expect(toActor('ada', null)).toEqual({ kind: 'person', name: 'ada' });
  });

  it('is never described as one of another kind', () => {
    const names = ['platte', 'rule platte', '', ...ActorKind.options];
    const described = ActorKind.options.flatMap((kind) => names.map((name) => describeActor({ kind, name })));
    expect(new Set(described).size).toBe(described.length);
    for (const kind of ActorKind.options)
      for (const name of names) expect(describeActor({ kind, name }).split(' ')[0]).toBe(kind);
  });
});
