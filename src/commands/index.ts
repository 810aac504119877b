import type { BaseCommand } from './base-command.ts'

export interface CommandModule {
  readonly default: { new (...words: ConstructorParameters<typeof BaseCommand>): BaseCommand } & Omit<typeof BaseCommand, 'new'>
}

/** Every command, in the order of `flowrun --help`; each is loaded when it is used. */
export const commands: Readonly<Record<string, () => Promise<CommandModule>>> = {
  init: () => import('./init.ts'),
  validate: () => import('./validate.ts'),
  fmt: () => import('./fmt.ts'),
  console: () => import('./console.ts'),
  graph: () => import('./graph.ts'),
  run: () => import('./run.ts'),
  plan: () => import('./plan.ts'),
  apply: () => import('./apply.ts'),
  promote: () => import('./promote.ts'),
  rollback: () => import('./rollback.ts'),
  destroy: () => import('./destroy.ts'),
  show: () => import('./show.ts'),
  output: () => import('./output.ts'),
  diff: () => import('./diff.ts'),
  versions: () => import('./versions.ts'),
  releases: () => import('./releases.ts'),
  providers: () => import('./providers.ts'),
  state: () => import('./state.ts'),
  'state list': () => import('./state/list.ts'),
  'state show': () => import('./state/show.ts'),
  'state mv': () => import('./state/mv.ts'),
  'state rm': () => import('./state/rm.ts'),
  'state pull': () => import('./state/pull.ts'),
  'state push': () => import('./state/push.ts'),
  'state history': () => import('./state/history.ts'),
  'state restore': () => import('./state/restore.ts'),
  'state recover': () => import('./state/recover.ts'),
  import: () => import('./import.ts'),
  'force-unlock': () => import('./force-unlock.ts'),
  explain: () => import('./explain.ts'),
  version: () => import('./version.ts'),
  completion: () => import('./completion.ts'),
  help: () => import('./help.ts'),
}
