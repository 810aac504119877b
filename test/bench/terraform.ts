import { spawnSync } from 'node:child_process'

/** Its version, or undefined where there is none on PATH. */
export function terraformVersion(): string | undefined {
  const { status, stdout } = spawnSync('terraform', ['version', '-json'], { encoding: 'utf8' })
  if (status !== 0) return undefined
  const { terraform_version } = JSON.parse(stdout) as { readonly terraform_version: string }
  return terraform_version
}

/** Prepares a folder for plan and apply; `terraform_data` needs no provider to be fetched. */
export function initTerraform(folder: string): void {
  const { status, stderr } = spawnSync('terraform', ['init', '-input=false'], { cwd: folder, encoding: 'utf8' })
  if (status !== 0) throw new Error(`terraform init ended with ${status}: ${stderr}`)
}
