import { randomBytes } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { dispatch } from '../../src/commands/dispatch.ts'

/** What a command wrote in this process, where nobody can be asked. */
export interface Typed {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Around a command, where a test says it. */
export interface Around {
  readonly environment?: Readonly<Record<string, string>>
  readonly clock?: Clock
}

export async function typeCommand(
  directory: string,
  words: readonly string[],
  { environment, clock = systemClock }: Around = {},
): Promise<Typed> {
  const streams = { out: '', err: '' }
  const stream = (name: keyof typeof streams) =>
    new PassThrough().on('data', chunk => {
      streams[name] += chunk
    })
  const code = await dispatch(words, {
    environment: { NO_COLOR: '1', CI: '1', ...environment },
    stdin: new PassThrough(),
    stdout: stream('out'),
    stderr: stream('err'),
    clock,
    random: randomBytes,
    workingFolder: () => directory,
    changeFolder: () => {},
  })
  return { code, ...streams }
}
