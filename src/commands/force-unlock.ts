import * as Args from '@oclif/core/args'
import { createApp } from '../app.ts'
import { forceUnlock } from '../operations/force-unlock.ts'
import { foundLockText, unlockedJson } from '../views/lock.ts'
import { BaseCommand } from './base-command.ts'
import { type ExitCode, exitCodes } from './exit-codes.ts'
import { shown } from './flags.ts'

export default class ForceUnlock extends BaseCommand {
  static override id = 'force-unlock'
  static override group = 'repair' as const
  static override brief = 'remove a lock whose holder is gone'
  static override summary = 'Remove a lock whose holder is gone'
  static override description =
    'Shows who holds it, and asks. ID is the one that state/locked shows, so that no other lock is removed by mistake. Audited.'
  static override examples = ['flowrun force-unlock 0f6e1c52-8f0b-4c3e-9d0a-2f7b1f6f3a10']
  static override exitCodes = 'Exit codes: 0 done, 1 error or declined.'
  static override args = { id: Args.string({ required: true }) }
  static override flags = { ...shown('How', 'yes', 'ask'), ...shown('What to show', 'environment', 'json') }

  async run(): Promise<ExitCode> {
    const { args, flags } = await this.parse(ForceUnlock)
    this.interruption()
    const where = flags.environment ? ` -e ${flags.environment}` : ''
    const found = await forceUnlock(createApp(this.host), {
      ...this.chosenEnvironment(flags),
      id: args.id,
      approve: lock => {
        this.note(foundLockText(lock, this.host.clock.now()))
        return this.approves('Remove this lock?', {
          summary: 'Removing a lock needs an approval, and nobody can be asked here',
          detail: `Approve beforehand: flowrun force-unlock${where} --yes ${args.id}\nNothing was changed.`,
        })
      },
    })
    if (found.outcome === 'invalid') return this.report(found.diagnostics)
    const { outcome, lock } = found.value
    if (outcome === 'declined') {
      this.note('The lock stays. Nothing was changed.\n')
      return this.interruptedCode ?? exitCodes.error
    }
    return this.present({ text: () => `The lock of ${lock.environment} is removed.\n`, json: () => unlockedJson(lock) })
  }
}
