/** Why the set-up cannot go on, and what to do about it: two lines for the user instead of a stack trace. */
export class Refusal extends Error {
  /**
   * @param {string} message
   * @param {string} [remedy]
   */
  constructor(message, remedy) {
    super(message)
    this.remedy = remedy
  }
}
