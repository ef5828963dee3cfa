// What tools/test-servers.ts provides to integration tests: `inject('postgresUrl')`.
import 'vitest';

declare module 'vitest' {
  export interface ProvidedContext {
    /** `nats://127.0.0.1:PORT`, without credentials. */
    natsUrl: string;
    /** A superuser's URL, to make databases with. */
    postgresUrl: string;
    /** With user and password in it: `http://USER:PASSWORD@127.0.0.1:PORT`. */
    clickhouseUrl: string;
  }
}
