import type { Report } from '../../diagnostics/report.ts'
import type { BlockLabel } from '../../hcl/ast.ts'
import { LABEL } from '../address.ts'

/** A label names things in registries and URLs: `config/bad-name` otherwise. */
export function checkName(label: BlockLabel, report: Report): boolean {
  if (LABEL.test(label.text)) return true
  report.error({
    code: 'config/bad-name',
    summary: `"${label.text}" is not a good name`,
    detail: 'A name starts with a small letter, and has small letters, digits, "-" and "_", at most 63 characters.',
    subject: label.range,
  })
  return false
}
