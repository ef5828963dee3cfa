// The other baseline of the ingress bench: the same work as one would write it first. Nest with Fastify and a controller,
// fast-xml-parser with its validator, `js.publish` for each thing that a machine says, the answer when all are acknowledged. It
// knows no catalog and decides nothing: the answer is constant.
// Started with an IPC channel and one argument, the URL of NATS; it tells its port, and its processor time when asked.
import 'reflect-metadata';
import { jetstream, type JetStreamClient, jetstreamManager } from '@nats-io/jetstream';
import { BadRequestException, Body, Controller, Header, HttpCode, Inject, Module, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { connectNats } from '@platte/fact-log';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { constantAnswer } from './constant-answer.js';

const subject = 'naive.facts';
const parser = new XMLParser({
  ignoreAttributes: false,
  parseTagValue: false,
  isArray: (name) => name === 'app' || name === 'event',
});

const nc = await connectNats({ url: process.argv[2] ?? '', name: 'naive', say: () => {} });
await (await jetstreamManager(nc)).streams.add({ name: 'NAIVE', subjects: [subject] });

interface App {
  event?: object[];
  updatecheck?: unknown;
}

@Controller()
class CheckIns {
  constructor(@Inject('js') private readonly js: JetStreamClient) {}

  @Post('v1/update')
  @HttpCode(200)
  @Header('Content-Type', 'text/xml; charset=utf-8')
  async receive(@Body() text: string): Promise<string> {
    if (XMLValidator.validate(text) !== true) throw new BadRequestException();
    const { request } = parser.parse(text) as { request: { app: App[] } };
    const facts = request.app.flatMap(({ event = [], ...app }) => [
      ...event.map((each) => ({ at: Date.now(), request: { ...request, app: { ...app, event: each } } })),
      ...('updatecheck' in app ? [{ at: Date.now(), request: { ...request, app } }] : []),
    ]);
    await Promise.all(facts.map((fact) => this.js.publish(subject, JSON.stringify(fact))));
    return constantAnswer;
  }
}

@Module({ controllers: [CheckIns], providers: [{ provide: 'js', useValue: jetstream(nc) }] })
class NaiveModule {}

const adapter = new FastifyAdapter({ routerOptions: { ignoreTrailingSlash: true } });
const app = await NestFactory.create<NestFastifyApplication>(NaiveModule, adapter, { logger: false });
app.useBodyParser('text/xml', {}, (_request, body, done) => done(null, body.toString('utf8')));
await app.listen(0, '127.0.0.1');
process.send?.({ port: Number(new URL(await app.getUrl()).port) });
process.on('message', () => process.send?.({ cpu: process.cpuUsage() }));
process.on('disconnect', () => process.exit(0));
