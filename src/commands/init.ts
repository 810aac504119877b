import { resolve } from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { OperationError } from '../diagnostics/operation-error.ts'
import { initialize } from '../operations/init.ts'
import { type Prepared, prepareModules } from '../operations/modules/prepare.ts'
import { type MigrateResult, migrateStates, reconfigureStates } from '../operations/state/migrate.ts'
import { templates } from '../operations/templates/index.ts'
import { initJson, initText, templatesJson, templatesText } from '../views/init.ts'
import { migratedJson, migratedText, migrationText } from '../views/migration.ts'
import { shellWord } from '../views/shell-word.ts'
import { BaseCommand } from './base-command.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shown } from './flags.ts'

interface MoveFlags {
  readonly environment?: string | undefined
  readonly reconfigure: boolean
  readonly 'migrate-state': boolean
  readonly 'lock-timeout': string
}

export default class Init extends BaseCommand {
  static override id = 'init'
  static override group = 'write' as const
  static override brief = 'make a small project that works, or prepare the one that is here'
  static override summary = 'Make a small project that works, or prepare the one that is here'
  static override description =
    'Writes a project into DIR (default: here) if it has no file that ends in .flow.hcl. Never overwrites a file.\n' +
    'Else fetches the modules that the project takes from git repositories, asks MCP servers what the tools of the\n' +
    'project take, and locks both in .flowrun.lock.hcl.'
  static override examples = ['flowrun init hello', 'flowrun init --list-templates', 'flowrun init -upgrade', 'flowrun init -migrate-state']
  static override args = { dir: Args.string() }
  static override flags = {
    template: Flags.string({ helpGroup: 'What to write', helpValue: 'NAME', summary: 'project to write', default: 'hello' }),
    'list-templates': Flags.boolean({ helpGroup: 'What to write', summary: 'list the templates, write nothing' }),
    upgrade: Flags.boolean({ helpGroup: 'What to prepare', summary: 'ask again which commits tags name; take changed schemas of tools' }),
    'migrate-state': Flags.boolean({
      helpGroup: 'Where the state is',
      summary: 'move the states to where the configuration says; asks first',
    }),
    reconfigure: Flags.boolean({
      helpGroup: 'Where the state is',
      summary: 'use what is there now, leave the last place behind',
      default: false,
    }),
    'lock-timeout': Flags.string({
      helpGroup: 'Where the state is',
      helpValue: 'TIME',
      summary: 'how long to wait for a lock',
      default: '20s',
    }),
    ...shown('Where the state is', 'environment', 'yes'),
    ...shown('What to show', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(Init)
    if (flags['list-templates']) return this.present({ text: () => templatesText(templates), json: () => templatesJson(templates) })
    const folder = (args.dir ?? '.').replace(/(?<=.)\/+$/, '')
    if (flags['migrate-state'] || flags.reconfigure) return await this.moveStates(folder, flags)
    const root = resolve(this.host.workingFolder(), folder)
    const result = initialize(root, flags.template)
    const prepared = result.outcome === 'ready' ? await this.prepare(root, flags.upgrade) : undefined
    if (prepared?.outcome === 'invalid') return this.interruptedCode ?? this.report(prepared.diagnostics)
    if (prepared) this.report(prepared.warnings)
    const exitCode = this.present({ text: () => initText(result, folder, prepared), json: () => initJson(result, folder, prepared) })
    if (this.givesHints) this.note('\n')
    this.next(...(folder === '.' ? [] : [`cd ${shellWord(folder)}`]), 'flowrun plan')
    return exitCode
  }

  /** `-migrate-state`, `-reconfigure`: of one environment with -e, else of all. */
  private async moveStates(folder: string, flags: MoveFlags): Promise<ExitCode> {
    if (flags['migrate-state'] && flags.reconfigure) throw bothWays()
    if (folder !== '.') this.host.changeFolder(folder)
    const work = flags.reconfigure ? reconfigureStates(createApp(this.host), this.chosenEnvironment(flags)) : this.migrate(flags)
    const result = await work.catch(error => {
      // Only the wait for a lock is interrupted: a copy takes milliseconds, and is finished.
      if (error instanceof Error && error.name === 'AbortError') return undefined
      throw error
    })
    if (result === undefined) {
      this.note('Stopped while waiting for the lock. Nothing was changed.\n')
      return this.interruptedCode ?? exitCodes.interrupted
    }
    if (result.outcome === 'invalid') return this.report(result.diagnostics)
    const { environments } = result
    const isDeclined = environments.some(({ outcome }) => outcome === 'declined')
    return this.present(
      { text: () => migratedText(environments), json: () => migratedJson(environments) },
      isDeclined ? (this.interruptedCode ?? exitCodes.error) : exitCodes.done,
    )
  }

  private migrate(flags: MoveFlags): Promise<MigrateResult> {
    const where = flags.environment ? ` -e ${flags.environment}` : ''
    return migrateStates(createApp(this.host), {
      ...this.chosenEnvironment(flags),
      ...this.locking(flags['lock-timeout']),
      approve: migration => {
        this.note(migrationText(migration))
        return this.approves(`Move the state of ${migration.environment}?`, {
          summary: 'Moving a state needs an approval, and nobody can be asked here',
          detail: `Approve beforehand: flowrun init${where} -migrate-state --yes\nNothing was changed.`,
        })
      },
    })
  }

  private async prepare(root: string, upgrade: boolean): Promise<Prepared> {
    const onFetching = (source: string) => this.progress(`Fetching ${source} …`)
    const onAsking = (server: string) => this.progress(`Asking ${server} …`)
    const prepared = await prepareModules(createApp(this.host), { root, upgrade, onFetching, onAsking, signal: this.interruption() })
    this.progress('')
    return prepared
  }
}

function bothWays(): OperationError {
  return new OperationError({
    code: 'cli/conflicting-flags',
    summary: '-migrate-state and -reconfigure are two ways',
    detail: 'The first moves the state to the new place, the second leaves it behind. Give one of them.',
  })
}
