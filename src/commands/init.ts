import { resolve } from 'node:path'
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { initialize } from '../operations/init.ts'
import { type Prepared, prepareModules } from '../operations/modules/prepare.ts'
import { templates } from '../operations/templates/index.ts'
import { initJson, initText, templatesJson, templatesText } from '../views/init.ts'
import { shellWord } from '../views/shell-word.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class Init extends BaseCommand {
  static override id = 'init'
  static override group = 'write' as const
  static override brief = 'make a small project that works, or prepare the one that is here'
  static override summary = 'Make a small project that works, or prepare the one that is here'
  static override description =
    'Writes a project into DIR (default: here) if it has no file that ends in .flow.hcl. Never overwrites a file.\n' +
    'Else fetches the modules that the project takes from git repositories, and locks them in .flowrun.lock.hcl.'
  static override examples = ['flowrun init hello', 'flowrun init --list-templates', 'flowrun init -upgrade']
  static override args = { dir: Args.string() }
  static override flags = {
    template: Flags.string({ helpGroup: 'What to write', helpValue: 'NAME', summary: 'project to write', default: 'hello' }),
    'list-templates': Flags.boolean({ helpGroup: 'What to write', summary: 'list the templates, write nothing' }),
    upgrade: Flags.boolean({ helpGroup: 'What to prepare', summary: 'ask again which commits the tags of modules name' }),
    ...shown('What to show', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(Init)
    if (flags['list-templates']) return this.present({ text: () => templatesText(templates), json: () => templatesJson(templates) })
    const folder = (args.dir ?? '.').replace(/(?<=.)\/+$/, '')
    const root = resolve(this.host.workingFolder(), folder)
    const result = initialize(root, flags.template)
    const prepared = result.outcome === 'ready' ? await this.prepare(root, flags.upgrade) : undefined
    if (prepared?.outcome === 'invalid') return this.interruptedCode ?? this.report(prepared.diagnostics)
    const exitCode = this.present({ text: () => initText(result, folder, prepared), json: () => initJson(result, folder, prepared) })
    if (this.givesHints) this.note('\n')
    this.next(...(folder === '.' ? [] : [`cd ${shellWord(folder)}`]), 'flowrun plan')
    return exitCode
  }

  private async prepare(root: string, upgrade: boolean): Promise<Prepared> {
    const onFetching = (source: string) => this.progress(`Fetching ${source} …`)
    const prepared = await prepareModules(createApp(this.host), { root, upgrade, onFetching, signal: this.interruption() })
    this.progress('')
    return prepared
  }
}
