/** Settings that are wrong, missing or contradict each other: what was given, where, what was expected, and what to write instead. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}
