// The fast way in: plain requests (plain-request.ts) are answered on the bare connection, for half of what node:http takes for
// them. A connection is in one of four modes, and what leaves each:
//
//   waiting    nothing is on its way. A plain request -> answering. Anything else, half a request too -> given, with the bytes that
//              came. Silence past the deadline, or the client's end -> closed.
//   answering  one request is being answered; what the client sends meanwhile is kept, and no more is read. The answer goes out ->
//              waiting, or closed if it was the last.
//   given      to node:http, for the rest of its life.
//   closed     the client is gone, or was told to go: an answer that comes now is dropped. One that does not take its last answer
//              is cut off.
import assert from 'node:assert';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FixedReply } from './fixed-replies.js';
import { headerBytesMax, type OmahaServerOptions, type Reply } from './omaha-server.js';
import { type AnswerWriter, makeAnswerWriter, type RenderedAnswer } from './plain-answer.js';
import { type PlainLimits, readPlainRequest } from './plain-request.js';

/** node:http closes an idle connection a second later than it tells the client, who may just be sending. */
const keepAliveSlackMs = 1_000;

/** From then on the server's connections come here first. Whatever closes the server's connections closes these, too. */
export function takePlainRequests(server: Server, options: OmahaServerOptions): void {
  const [toNode, ...others] = server.listeners('connection');
  assert(toNode !== undefined && others.length === 0, 'node:http listens for its connections by itself');
  server.removeAllListeners('connection');
  const open = new Set<PlainConnection>();
  const surroundings: Surroundings = {
    options,
    limits: { headerBytesMax, bodyBytesMax: options.bodyBytesMax },
    writer: makeAnswerWriter(options.keepAliveMs),
    give: (socket) => void toNode.call(server, socket),
    onSilent: (socket) => void server.emit('clientError', tooSlow(), socket),
    onGone: (connection) => void open.delete(connection),
  };
  server.on('connection', (socket: Socket) => open.add(new PlainConnection(socket, surroundings)));
  const closeIdle = server.closeIdleConnections.bind(server);
  const closeAll = server.closeAllConnections.bind(server);
  server.closeIdleConnections = () => {
    closeIdle();
    for (const connection of open) connection.closeIfIdle();
  };
  server.closeAllConnections = () => {
    closeAll();
    for (const connection of open) connection.destroy();
  };
}

interface Surroundings {
  options: OmahaServerOptions;
  limits: PlainLimits;
  writer: AnswerWriter;
  /** To node:http. */
  give: (socket: Socket) => void;
  onSilent: (socket: Socket) => void;
  onGone: (connection: PlainConnection) => void;
}

class PlainConnection {
  readonly #socket: Socket;
  readonly #around: Surroundings;
  readonly #peer: string | undefined;
  readonly #reply: Reply;
  #mode: 'waiting' | 'answering' | 'given' | 'closed' = 'waiting';
  #kept: Buffer | undefined;
  #isFirst = true;
  /** The client takes no further answer, or sends no further request. */
  #isLast = false;

  constructor(socket: Socket, around: Surroundings) {
    this.#socket = socket;
    this.#around = around;
    this.#peer = socket.remoteAddress;
    const { writer } = around;
    this.#reply = {
      document: (xml) => this.#answer(() => writer.document(xml, this.#isLast)),
      refuse: (refusal) => this.#answer(() => writer.fixed(refusal, this.#isLast), isFinal(refusal)),
    };
    socket.setTimeout(around.options.headersTimeoutMs);
    socket.on('data', this.#onData).on('end', this.#onEnd).on('timeout', this.#onTimeout);
    socket.on('close', this.#onClose).on('error', this.#onError);
  }

  closeIfIdle(): void {
    if (this.#mode === 'waiting') this.#end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #take(bytes: Buffer): void {
    const { options, limits } = this.#around;
    const request = readPlainRequest(bytes, options.isOmahaPath, limits);
    if (request === null) return this.#giveAway(bytes);
    this.#mode = 'answering';
    this.#isLast ||= request.closes;
    if (request.end < bytes.length) this.#keep(bytes.subarray(request.end));
    const address = options.addressOf(this.#peer, request.forwardedFor);
    options.receive(bytes.subarray(request.bodyStart, request.end), address, this.#reply);
  }

  #keep(bytes: Buffer): void {
    this.#kept = this.#kept === undefined ? bytes : Buffer.concat([this.#kept, bytes]);
    this.#socket.pause();
  }

  #answer(render: () => RenderedAnswer, closes = false): void {
    if (this.#mode !== 'answering') return;
    const { options } = this.#around;
    this.#isLast ||= closes || options.isClosing();
    const { text, encoding } = render();
    const isTaken = this.#socket.write(text, encoding);
    if (this.#isLast) return this.#end();
    if (this.#isFirst) this.#socket.setTimeout(options.keepAliveMs === 0 ? 0 : options.keepAliveMs + keepAliveSlackMs);
    this.#isFirst = false;
    this.#mode = 'waiting';
    if (!isTaken) {
      // It does not read its answers: no more of its requests until it does.
      this.#socket.pause();
      this.#socket.once('drain', this.#goOn);
    } else if (this.#kept !== undefined) process.nextTick(this.#goOn);
  }

  readonly #goOn = (): void => {
    if (this.#mode !== 'waiting') return;
    const bytes = this.#kept;
    this.#kept = undefined;
    this.#socket.resume();
    if (bytes !== undefined) this.#take(bytes);
  };

  #end(): void {
    this.#mode = 'closed';
    this.#socket.setTimeout(this.#around.options.headersTimeoutMs);
    this.#socket.destroySoon();
  }

  #giveAway(bytes: Buffer): void {
    if (this.#isLast) return this.#end();
    this.#mode = 'given';
    this.#leave();
    this.#socket.setTimeout(0);
    this.#socket.pause();
    this.#socket.unshift(bytes);
    this.#around.give(this.#socket);
    this.#socket.off('error', this.#onError);
    process.nextTick(() => this.#socket.resume());
  }

  #leave(): void {
    this.#around.onGone(this);
    this.#socket.off('data', this.#onData).off('end', this.#onEnd).off('timeout', this.#onTimeout);
    this.#socket.off('close', this.#onClose);
  }

  readonly #onData = (bytes: Buffer): void => {
    if (this.#mode === 'waiting' && this.#kept === undefined) this.#take(bytes);
    else this.#keep(bytes);
  };
  readonly #onEnd = (): void => {
    this.#isLast = true;
    if (this.#mode === 'waiting' && this.#kept === undefined) this.#end();
  };
  /** A process that was held up sees its timers first, and then what came meanwhile: only who is still silent then is. */
  readonly #onTimeout = (): void => {
    if (this.#mode === 'answering') return;
    const { bytesRead } = this.#socket;
    setImmediate(() => {
      if (this.#socket.bytesRead === bytesRead) this.#endSilent();
    });
  };

  #endSilent(): void {
    if (this.#mode === 'answering' || this.#mode === 'given') return;
    if (this.#mode === 'closed' || !this.#isFirst) return this.destroy();
    this.#around.onSilent(this.#socket);
    this.#end();
  }

  readonly #onClose = (): void => {
    this.#mode = 'closed';
    this.#leave();
  };
  /** What breaks a connection closes it, too. */
  readonly #onError = (): void => {};
}

function isFinal({ headers }: FixedReply): boolean {
  return headers[headers.indexOf('Connection') + 1] === 'close';
}

/** As node:http says it of a connection on which no request comes. */
function tooSlow(): Error {
  return Object.assign(new Error('no request came in time'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' });
}
