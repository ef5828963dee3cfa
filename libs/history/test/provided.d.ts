// What tools/test-servers.ts provides to integration tests: the engine's URL, with user and password in it.
export type ClickHouseUrl = string;

declare module 'vitest' {
  export interface ProvidedContext {
    clickhouseUrl: ClickHouseUrl;
  }
}
