import { OperationError } from '../diagnostics/operation-error.ts'

const ADDRESS = /^(module\.[a-z][\w-]*(\[[^\]]*\])?\.)*[a-z][a-z_]*\.[a-z][\w-]*(\["(?:[^"\\]|\\.)*"\]|\[\d+\])?$/

/**
 * Checks what stands for a block on the command line, before anything is opened: `prompt.answer`, `prompt.greet["de"]`, and
 * with a version, where one may stand, `prompt.answer@8`.
 *
 * @throws OperationError cli/bad-address
 */
export function checkAddress(text: string, may: { readonly haveVersion: boolean }): string {
  const [address = '', version, ...more] = text.split('@')
  const versionFits = version === undefined || (may.haveVersion && /^[1-9]\d*$/.test(version))
  if (ADDRESS.test(address) && versionFits && more.length === 0) return text
  const isVersioned = ADDRESS.test(address) && version !== undefined
  throw new OperationError({
    code: 'cli/bad-address',
    summary: `"${text}" is not an address`,
    detail: isVersioned
      ? may.haveVersion
        ? `After @ comes a number, as in ${address}@8.`
        : `A version means nothing here. Write ${address}.`
      : `An address is a block type, a dot and a name, as in prompt.answer${may.haveVersion ? ' or prompt.answer@8' : ''}.`,
  })
}
