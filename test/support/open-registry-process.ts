import { OperationError } from '../../src/diagnostics/operation-error.ts'
import { openRegistry } from './open-registry.ts'
import { apply } from './releases.ts'

/** Applies in a directory under another user, and prints the code of what failed. Usage: DIRECTORY UID */
const [directory = '', uid = '0'] = process.argv.slice(2)
process.setgid?.(Number(uid))
process.setuid?.(Number(uid))
try {
  const registry = await openRegistry(directory)
  const { outcome } = await apply(registry, { 'prompt.p': { text: 'written by nobody' } })
  process.stdout.write(outcome)
} catch (error) {
  process.stdout.write(error instanceof OperationError ? `${error.code}\n${error.diagnostic.detail}` : String(error))
}
