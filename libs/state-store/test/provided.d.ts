// What tools/test-servers.ts provides to integration tests: a superuser's URL, to make databases with.
export type PostgresUrl = string;

declare module 'vitest' {
  export interface ProvidedContext {
    postgresUrl: PostgresUrl;
  }
}
