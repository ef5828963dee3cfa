// What tools/test-servers.ts provides to integration tests.
export type Url = string;

declare module 'vitest' {
  export interface ProvidedContext {
    natsUrl: Url;
    postgresUrl: Url;
  }
}
