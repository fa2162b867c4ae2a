import type { Exchange } from "../client-connection.ts"
import type { AnswerLines } from "../head.ts"

/** Writes down what becomes of a request. */
export class Recorder implements Exchange {
  readonly told: string[] = []
  readonly ended: Promise<void>
  answer: AnswerLines | undefined = undefined
  text = ""
  trailers: readonly string[] = []
  error: Error | undefined = undefined
  readonly #does: Partial<Record<keyof Exchange, () => void>>
  #end: () => void = () => {}

  /** `does`: what is done as soon as it is told of something. */
  constructor(does: Partial<Record<keyof Exchange, () => void>> = {}) {
    this.#does = does
    this.ended = new Promise((resolve) => {
      this.#end = resolve
    })
  }

  sent(): void {
    this.#note("sent")
  }

  bodyWanted(): void {
    this.#note("bodyWanted")
  }

  get status(): number {
    return this.answer?.status ?? 0
  }

  answered(answer: AnswerLines): void {
    this.answer = answer
    this.#note("answered")
  }

  bodyData(piece: Buffer): void {
    this.text += piece.toString("latin1")
    this.#note("bodyData")
  }

  answerEnded(trailers: readonly string[]): void {
    this.trailers = trailers
    this.#note("answerEnded")
    this.#end()
  }

  failed(error: Error): void {
    this.error = error
    this.#note("failed")
    this.#end()
  }

  #note(what: keyof Exchange): void {
    this.told.push(what)
    this.#does[what]?.()
  }
}
