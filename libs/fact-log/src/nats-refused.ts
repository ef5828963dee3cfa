/** What NATS refuses as it is set up: no waiting and no restart mends that, and a person must change a setting. */
export class NatsRefused extends Error {}
