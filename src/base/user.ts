import { userInfo } from 'node:os'

/** Who runs this process, as releases and locks name them; under FLOWRUN_TEST=1 a test may say who. */
export function userName(): string {
  const { FLOWRUN_TEST, FLOWRUN_TEST_USER, USER } = process.env
  if (FLOWRUN_TEST === '1' && FLOWRUN_TEST_USER !== undefined) return FLOWRUN_TEST_USER
  try {
    return userInfo().username
  } catch {
    // A container may run under a number without a name.
    return USER ?? 'unknown'
  }
}
