import type { Diagnostic } from '../diagnostics/diagnostic.ts'
import { diagnosticsJson } from './diagnostic-json.ts'
import { jsonDocument } from './json-document.ts'

/** Terraform's document of `validate -json`. */
export function validationJson(diagnostics: readonly Diagnostic[]): string {
  const count = (severity: Diagnostic['severity']) => diagnostics.filter(diagnostic => diagnostic.severity === severity).length
  return jsonDocument({
    valid: count('error') === 0,
    error_count: count('error'),
    warning_count: count('warning'),
    diagnostics: diagnosticsJson(diagnostics),
  })
}
