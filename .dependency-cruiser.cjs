/**
 * Who may import whom: DESIGN's arrows. Each folder of src/ names what it may reach; whatever it does not name is refused.
 * The declaring half (hcl, config, plan, state, apply) and the running half (engine, gateway) meet in artifact/ and registry/ alone.
 */
const may = {
  base: [],
  diagnostics: ['base'],
  hcl: ['base', 'diagnostics'],
  artifact: ['base'],
  aws: ['base', 'diagnostics'],
  sqlite: ['base', 'diagnostics'],
  redis: ['base', 'diagnostics'],
  registry: ['base', 'diagnostics', 'artifact', 'aws', 'sqlite'],
  config: ['base', 'diagnostics', 'hcl', 'artifact'],
  state: ['base', 'diagnostics', 'artifact', 'aws', 'registry'],
  plan: ['base', 'diagnostics', 'hcl', 'artifact', 'config', 'registry', 'state'],
  apply: ['base', 'diagnostics', 'hcl', 'artifact', 'config', 'registry', 'state', 'plan'],
  gateway: ['base', 'diagnostics', 'artifact', 'sqlite', 'redis'],
  engine: ['base', 'diagnostics', 'hcl', 'artifact', 'sqlite', 'registry', 'gateway'],
  operations: ['base', 'diagnostics', 'hcl', 'artifact', 'registry', 'config', 'state', 'plan', 'apply', 'gateway', 'engine'],
  views: ['base', 'diagnostics', 'hcl', 'artifact', 'registry', 'config', 'state', 'plan', 'apply', 'gateway', 'engine', 'operations'],
  // A duration of a flag is written as one of an argument is, and so read by the same function.
  commands: ['base', 'diagnostics', 'operations', 'views', 'app.ts', 'config/decode/literal.ts'],
}

const layers = Object.entries(may).map(([folder, others]) => ({
  name: `${folder} may import ${others.join(', ') || 'nothing above it'}`,
  severity: 'error',
  from: { path: `^src/${folder}/` },
  to: {
    path: '^src/',
    pathNot: [folder, ...others].map(other => `^src/${other.replaceAll('.', '\\.')}${other.endsWith('.ts') ? '$' : '/'}`),
  },
}))

// A command hands what an operation gives to a view, so it may name the types.
const commandLayer = layers.find(rule => rule.from.path === '^src/commands/')
commandLayer.to.dependencyTypesNot = ['type-only']

module.exports = {
  forbidden: [
    ...layers,
    { name: 'no cycles, type-only ones included', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    {
      name: 'nothing imports the composition root but commands',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(commands/|app/|app\\.ts$)' },
      to: { path: '^src/app(/|\\.ts$)' },
    },
    { name: 'src imports no tests and no build scripts', severity: 'error', from: { path: '^src/' }, to: { path: '^(test|build)/' } },
    { name: 'imports resolve', severity: 'error', from: { path: '^src/' }, to: { couldNotResolve: true } },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
}
