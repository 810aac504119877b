import { flowrunVersion } from '../base/version.ts'

// A person who asks only for the version waits for nothing else to load.
const [first] = process.argv.slice(2)
if (process.argv.length === 3 && (first === '--version' || first === '-version')) {
  process.stdout.write(`flowrun ${flowrunVersion}\n`)
} else {
  const { main } = await import('./main.ts')
  await main()
}
