import { expect, it } from 'vitest';
import { makeFoldProgress, stuckMaxMs } from './fold-progress.js';

it('judges no deadline before the log is folded once', () => {
  expect(makeFoldProgress(0).foldedUntil(1_000, 0)).toBe(0);
});

it('is as far as the last mark whose messages are all acknowledged', () => {
  const progress = makeFoldProgress(0);
  progress.mark(1_000, 10, 1);
  progress.mark(2_000, 20, 1);
  progress.mark(3_000, 30, 1);
  progress.advance(29, 0);
  expect(progress.foldedUntil(3_500, 0)).toBe(2_000);
  progress.advance(30, 0);
  expect(progress.foldedUntil(3_500, 0)).toBe(3_000);
});

it('is at now when the log is empty', () => {
  const progress = makeFoldProgress(0);
  progress.mark(1_000, 0, 1);
  progress.advance(0, 0);
  expect(progress.foldedUntil(1_000, 0)).toBe(1_000);
});

it('waits for a stuck consumer, but not for ever: every lease ends', () => {
  const progress = makeFoldProgress(0);
  progress.mark(1_000, 10, 1);
  progress.advance(5, 0);
  expect(progress.foldedUntil(9_000_000, stuckMaxMs)).toBe(0);
  expect(progress.foldedUntil(9_000_000, stuckMaxMs + 1)).toBe(9_000_000);
});

it('drops the marks of a stream that was lost, whose numbers the new one does not reach for long', () => {
  const progress = makeFoldProgress(0);
  progress.mark(1_000, 500, 1);
  progress.mark(2_000, 3, 2);
  progress.advance(3, 0);
  expect(progress.foldedUntil(2_500, 0)).toBe(2_000);
});
