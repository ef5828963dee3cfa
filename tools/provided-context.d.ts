// What tools/test-servers.ts provides to integration tests, and test/cluster/setup.ts to those on a cluster, which have NATS
// alone: `inject('postgresUrl')`.
import 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `nats://127.0.0.1:PORT`, without credentials; the URLs of all servers of a cluster. */
    natsUrl: string;
    /** How to sign in there, for `connectNats`. */
    natsAccess: { user?: string; password?: string; caFile?: string; certFile?: string; keyFile?: string };
    /** Number of replicas that streams can have: 1 on a single server, 3 on a cluster. */
    natsReplicas: number;
    /** A superuser's URL, to make databases with. */
    postgresUrl: string;
    /** With user and password in it: `http://USER:PASSWORD@127.0.0.1:PORT`. */
    clickhouseUrl: string;
  }
}
