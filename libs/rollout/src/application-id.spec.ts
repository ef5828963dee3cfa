import { expect, it } from 'vitest';
import { normaliseApplicationId } from './application-id.js';

it.each([
  ['{e96281a6-d1af-4bde-9a0a-97b76e56dc57}', 'e96281a6-d1af-4bde-9a0a-97b76e56dc57'],
  [' { E96281A6-D1AF-4BDE-9A0A-97B76E56DC57 } ', 'e96281a6-d1af-4bde-9a0a-97b76e56dc57'],
  ['io.Flatcar.MyApp', 'io.flatcar.myapp'],
  ['appid_01', 'appid_01'],
  ['', null],
  ['{}', null],
  ['{{a.b}}', null],
  ['../../etc/passwd', null],
  ['a..b', null],
  ['a b', null],
  ['x'.repeat(10_000), null],
])('reads the application id %j as %j', (text, id) => {
  expect(normaliseApplicationId(text)).toBe(id);
});
