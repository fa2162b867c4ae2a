import { alarmType } from "#etcd-wire"
import { type MemberStorage, NoteChangedError } from "#store"
import { refuse } from "./etcd-error.ts"

const noteName = "etcd/alarms"
/** Others may change the alarms at the same time; nobody does so for long. */
const attemptsMax = 10

/**
 * Alarms that an operator has raised and not yet lifted, as etcd keeps them: while `noSpace` is on nothing is put, while
 * `corrupt` is on nothing is read or written. Our store itself refuses writes while its disk is full, without an alarm
 * that somebody would have to lift.
 */
export class Alarms {
  readonly #storage: MemberStorage
  #version = -1
  #raised: readonly number[] = []

  constructor(storage: MemberStorage) {
    this.#storage = storage
  }

  raised(): readonly number[] {
    const { version, value } = this.#storage.note(noteName)
    if (version !== this.#version) {
      this.#version = version
      this.#raised = version === 0 ? [] : (JSON.parse(Buffer.from(value).toString()) as number[])
    }
    return this.#raised
  }

  /** Whether this changed something. */
  set(alarm: number, on: boolean): Promise<boolean> {
    return this.#change((raised) => (on ? [...raised, alarm] : raised.filter((other) => other !== alarm)), alarm, on)
  }

  refuseWrite(): void {
    if (this.raised().includes(alarmType.noSpace)) throw refuse("noSpace")
    this.refuseRead()
  }

  refuseRead(): void {
    if (this.raised().includes(alarmType.corrupt)) throw refuse("corrupt")
  }

  async #change(change: (raised: readonly number[]) => number[], alarm: number, on: boolean): Promise<boolean> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const before = this.raised()
      const version = this.#version
      if (before.includes(alarm) === on) return false
      try {
        await this.#storage.setNote(noteName, Buffer.from(JSON.stringify(change(before))), version)
        return true
      } catch (error) {
        if (!(error instanceof NoteChangedError)) throw error
      }
    }
    throw refuse("tooManyRequests")
  }
}
