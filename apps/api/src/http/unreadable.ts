// What is so wrong that there is no request: Node could not read it. It gets a problem document too, written to the socket
// by hand, and has a request id although nothing of it is in the log but this.
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { problemKinds, toProblemType, type Problem, type ProblemName } from '@platte/api-contract';

const kindOfCode: Record<string, ProblemName> = {
  HPE_HEADER_OVERFLOW: 'headers-too-large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request-timeout',
};

const detailOf: Partial<Record<ProblemName, string>> = {
  'headers-too-large': 'The URL and the headers pass the limit of 16 KiB.',
  'request-timeout': 'The headers were not complete within 10 seconds, or the request within 20.',
};

export function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  // The other side is gone, or an answer is under way already.
  if (error.code === 'ECONNRESET' || !socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const name = kindOfCode[error.code ?? ''] ?? 'malformed-request';
  const { status, title, remedy } = problemKinds[name];
  const requestId = randomUUID();
  const problem: Problem = {
    type: toProblemType(name),
    title,
    status,
    detail: detailOf[name] ?? 'This is not HTTP as it should be.',
    instance: '',
    requestId,
    remedy,
  };
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
      'content-type: application/problem+json; charset=utf-8',
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
      'x-content-type-options: nosniff',
      'cache-control: no-store',
      'connection: close',
      '',
      body,
    ].join('\r\n'),
  );
}
