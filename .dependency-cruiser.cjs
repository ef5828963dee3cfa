// The second, stable guard of the house's walls (docs/architecture.md, "Who may import whom"); oxlint's Nx rule is the first.
module.exports = {
  forbidden: [
    { name: 'circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'lib-imports-app', severity: 'error', from: { path: '^libs/' }, to: { path: '^apps/' } },
    { name: 'app-imports-app', severity: 'error', from: { path: '^apps/([^/]+)/' }, to: { path: '^apps/', pathNot: '^apps/$1/' } },
    {
      name: 'core-is-pure',
      severity: 'error',
      from: { path: '^libs/(omaha|rollout|fleet|facts)/src', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^libs/(omaha|rollout|fleet|facts)/', 'node_modules/(zod|saxes|xmlchars|fast-xml-parser)/'] },
    },
    { name: 'chassis-knows-nobody', severity: 'error', from: { path: '^libs/service/' }, to: { path: '^(libs/(?!service/)|apps/)' } },
    {
      name: 'one-driver',
      severity: 'error',
      from: { path: '^libs/(?!fact-log/|backing/)', pathNot: '\\.spec\\.ts$' },
      to: { path: 'node_modules/@nats-io/' },
    },
    { name: 'nest-lives-in-apps', severity: 'error', from: { path: '^libs/' }, to: { path: 'node_modules/@nestjs/' } },
    { name: 'npm-no-pkg', severity: 'error', from: {}, to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] } },
  ],
  options: {
    tsPreCompilationDeps: true,
    combinedDependencies: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|out-tsc)/' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['@platte/source', 'import', 'node', 'default'] },
  },
};
