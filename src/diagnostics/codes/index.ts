import { applyCodes } from './apply.ts'
import { auditCodes } from './audit.ts'
import { budgetCodes } from './budget.ts'
import { cliCodes } from './cli.ts'
import { configCodes } from './config.ts'
import { configFileCodes } from './config-file.ts'
import { contentCodes } from './content.ts'
import { costsCodes } from './costs.ts'
import { gatewayCodes } from './gateway.ts'
import { guardCodes } from './guard.ts'
import { hclEvaluationCodes } from './hcl-evaluation.ts'
import { hclSyntaxCodes } from './hcl-syntax.ts'
import { holdCodes } from './hold.ts'
import { kmsCodes } from './kms.ts'
import { modelCodes } from './model.ts'
import { outputCodes } from './output.ts'
import { planCodes } from './plan.ts'
import { postgresCodes } from './postgres.ts'
import { promoteCodes } from './promote.ts'
import { promptCodes } from './prompt.ts'
import { providerCodes } from './provider.ts'
import { redisCodes } from './redis.ts'
import { registryCodes } from './registry.ts'
import { releaseCodes } from './release.ts'
import { rollbackCodes } from './rollback.ts'
import { runCodes } from './run.ts'
import { runCommandCodes } from './run-command.ts'
import { s3Codes } from './s3.ts'
import { secretCodes } from './secret.ts'
import { stateCodes } from './state.ts'
import { stateCommandCodes } from './state-command.ts'
import { stateHttpCodes } from './state-http.ts'
import { stepCodes } from './step.ts'
import { toolCodes } from './tool.ts'
import { versionCodes } from './version.ts'
import { workflowCodes } from './workflow.ts'

/** Every code that flowrun can print, with its page. A code is never renamed; scripts match on it. */
export const codes = {
  ...hclSyntaxCodes,
  ...hclEvaluationCodes,
  ...configCodes,
  ...configFileCodes,
  ...promptCodes,
  ...toolCodes,
  ...workflowCodes,
  ...modelCodes,
  ...planCodes,
  ...applyCodes,
  ...registryCodes,
  ...releaseCodes,
  ...rollbackCodes,
  ...promoteCodes,
  ...holdCodes,
  ...auditCodes,
  ...versionCodes,
  ...stateCodes,
  ...stateHttpCodes,
  ...stateCommandCodes,
  ...postgresCodes,
  ...contentCodes,
  ...kmsCodes,
  ...s3Codes,
  ...providerCodes,
  ...gatewayCodes,
  ...budgetCodes,
  ...costsCodes,
  ...guardCodes,
  ...redisCodes,
  ...secretCodes,
  ...runCodes,
  ...runCommandCodes,
  ...stepCodes,
  ...outputCodes,
  ...cliCodes,
} as const

export type DiagnosticCode = keyof typeof codes
export type { CodePage } from './page.ts'
