/**
 * ` -e prod`, for a command that a message names. `dev` is what commands take by themselves in most projects, and goes
 * without saying there.
 */
export function onEnvironment(environment: string): string {
  return environment === 'dev' ? '' : ` -e ${environment}`
}
