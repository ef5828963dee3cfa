// Policy's place on the wire: answers questions as it is told.
import { connectNats } from '@platte/fact-log';
import { type AskedMachine, type Decision, decideSubject, parseQuestion, renderDecisions } from '@platte/rollout';

export interface TrialPolicy {
  asked: AskedMachine[];
  stop: () => Promise<void>;
}

export async function startTrialPolicy(
  natsUrl: string,
  decide: (machine: AskedMachine) => Decision,
): Promise<TrialPolicy> {
  const asked: AskedMachine[] = [];
  const nats = await connectNats({ url: natsUrl, name: 'trial-policy', say: () => {} });
  nats.subscribe(decideSubject, {
    queue: 'policy',
    callback: (_, message) => {
      const machines = parseQuestion(message.string());
      asked.push(...machines);
      message.respond(renderDecisions(machines.map(decide)));
    },
  });
  await nats.flush();
  return { asked, stop: () => nats.close() };
}
