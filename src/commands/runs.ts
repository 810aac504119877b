import * as Flags from '@oclif/core/flags'
import { createApp } from '../app.ts'
import { type ListOptions, listRuns, readStates } from '../operations/runs/list.ts'
import { runsCountText, runsJson, runsText } from '../views/runs.ts'
import { shellWord } from '../views/shell-word.ts'
import { checkAddress } from './address.ts'
import { BaseCommand } from './base-command.ts'
import type { ExitCode } from './exit-codes.ts'
import { shown } from './flags.ts'
import { readSince } from './since.ts'

const WHAT = 'What to show'

export default class Runs extends BaseCommand {
  static override id = 'runs'
  static override group = 'operate' as const
  static override brief: string | undefined = 'list, show, watch, cancel, retry, approve … runs'
  static override summary = 'List runs of an environment, the newest first'
  static override description =
    'RUN is the id of a run, the last 4 or more characters of it, or @last. Runs of the working copy belong to the default environment. Alone it is runs list.'
  static override examples = [
    'flowrun runs -e prod --state failed,paused',
    'flowrun runs --pinned prompt.answer@8 -e prod',
    'flowrun runs show @last',
    'flowrun runs approve RTQ0 -e prod',
  ]
  static override flags = {
    state: Flags.string({ helpGroup: WHAT, helpValue: 'STATES', summary: 'queued, running, waiting, paused, failed …, or several' }),
    flow: Flags.string({ helpGroup: WHAT, helpValue: 'ADDRESS', summary: 'only runs of this flow' }),
    pinned: Flags.string({ helpGroup: WHAT, helpValue: 'ADDRESS@N', summary: 'only runs in flight that have this version, of any age' }),
    since: Flags.string({ helpGroup: WHAT, helpValue: 'TIME', summary: 'from then on: 24h, 2026-11-14 (default 7d)' }),
    limit: Flags.integer({ helpGroup: WHAT, helpValue: 'N', summary: 'at most so many', default: 20, min: 1, max: 1000 }),
    cursor: Flags.string({ helpGroup: WHAT, helpValue: 'RUN', summary: 'those before this run: the next page' }),
    ...shown(WHAT, 'environment', 'json'),
  }

  async run(): Promise<ExitCode> {
    const { flags } = await this.parse(Runs)
    const { state, flow, cursor, limit, pinned } = flags
    // What a version is in may have been begun weeks ago.
    const since = flags.since ?? (pinned === undefined ? '7d' : undefined)
    const options: ListOptions = {
      ...this.chosenEnvironment(flags),
      ...(state === undefined ? {} : { states: readStates(state) }),
      ...(flow === undefined ? {} : { flow }),
      ...(cursor === undefined ? {} : { cursor: cursor.toUpperCase() }),
      ...(pinned === undefined ? {} : { pinned: checkAddress(pinned, { haveVersion: true }) }),
      ...(since === undefined ? {} : { sinceMs: readSince(since, this.host.clock.now()) }),
      limit,
    }
    const found = await listRuns(createApp(this.host), options)
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    const { next } = found.value
    const code = this.present({
      text: () => runsText(found.value, since, this.terminal.out.style),
      json: () => runsJson(found.value),
    })
    const count = runsCountText(found.value, since)
    const words = [
      ...(flags.environment === undefined ? [] : ['-e', flags.environment]),
      ...(state === undefined ? [] : ['--state', state]),
      ...(flow === undefined ? [] : ['--flow', shellWord(flow)]),
      ...(pinned === undefined ? [] : ['--pinned', shellWord(pinned)]),
      ...(flags.since === undefined ? [] : ['--since', flags.since]),
      ...(limit === 20 ? [] : ['--limit', String(limit)]),
    ]
    const page = next === undefined || !this.givesHints ? '' : ` Next page:\n  ${['flowrun runs', ...words, '--cursor', next].join(' ')}`
    if (count !== undefined) this.note(`${count}${page}\n`)
    return code
  }
}
