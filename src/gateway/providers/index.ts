import type { ProviderType } from '../../artifact/provider.ts'
import { amazonBedrockProvider } from './amazon-bedrock.ts'
import { anthropicProvider } from './anthropic.ts'
import { azureProvider } from './azure.ts'
import type { ProviderDefinition } from './definition.ts'
import { googleProvider } from './google.ts'
import { mistralProvider } from './mistral.ts'
import { openaiProvider } from './openai.ts'
import { openaiCompatibleProvider } from './openai-compatible.ts'
import { simulatedProvider } from './simulated.ts'

/** Every type of provider, by its name in configuration. */
export const providerDefinitions: Readonly<Record<ProviderType, ProviderDefinition>> = Object.freeze({
  openai: openaiProvider,
  openai_compatible: openaiCompatibleProvider,
  anthropic: anthropicProvider,
  google: googleProvider,
  azure: azureProvider,
  amazon_bedrock: amazonBedrockProvider,
  mistral: mistralProvider,
  simulated: simulatedProvider,
})
