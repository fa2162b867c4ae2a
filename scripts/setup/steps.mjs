const second = 1_000

/** Says each step of the set-up with its time, in plain lines. A set-up that has nothing to do says nothing. */
export class Steps {
  constructor(output) {
    this.output = output
    this.startedAtMs = Date.now()
  }

  say(line) {
    this.output.write(`${line}\n`)
  }

  /** Runs a step and says how long it took. */
  async run(title, action) {
    const startedAt = performance.now()
    this.say(`  …        ${title}`)
    const result = await action()
    const took = performance.now() - startedAt
    const time = took < second ? `${Math.round(took)} ms` : `${(took / second).toFixed(1)} s`
    this.say(`  ${time.padEnd(8)} ${title}`)
    return result
  }
}
