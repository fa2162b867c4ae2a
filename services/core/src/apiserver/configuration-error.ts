/** A configuration that a server cannot start with, in words that name each wrong field. */
export class ConfigurationError extends Error {
  override name = "ConfigurationError"
}
